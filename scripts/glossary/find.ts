import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALLOWED } from './allowed.ts';
import { scanBash, scanMarkdown, scanTypeScript, type Piece } from './scan.ts';
import { TERMS } from './terms.ts';

/**
 * Where a word was found. `message`: text that a user of the platform may read (errors, help of commands and settings,
 * error pages, scripts). `prose`: comments, pages and the names of tests.
 */
export type Where = 'identifier' | 'message' | 'prose';
export type Finding = Readonly<{ term: string; where: Where; path: string; line: number; text: string }>;

const SOURCES = ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts', 'e2e/**/*.ts'];
const SCRIPTS = [
  'up',
  'test',
  'anchor',
  'bench/run',
  'scripts/*.bash',
  'packages/*/src/**/*.sh',
  'packages/*/src/**/hooks/pre-receive',
];
const PAGES = ['*.md', 'docs/**/*.md', 'examples/*/*.md'];

/** Applications under test speak for themselves; the glossary's own files name the words. */
const IGNORED = /(?:^|\/)(?:node_modules|fixtures)\/|^e2e\/apps\/|^scripts\/glossary\//;
/** Strings of these reach a user; those of tests and tools do not. */
const SHOWN = /^(?:packages|apps)\/(?!testing\/)(?!.*(?:\.test|test-bed|test-client)\.ts$)/;

const PROSE = TERMS.flatMap(({ id, prose }) =>
  prose === undefined ? [] : [{ id, pattern: new RegExp(prose.source, `${prose.flags}g`) }],
);

/** Most texts have none of the words: one look tells. */
const ANY_PROSE = new RegExp(
  TERMS.flatMap(({ prose }) => (prose === undefined ? [] : [`(?:${prose.source})`])).join('|'),
  'i',
);

/** A string of at least two words is a text; one word is a key or a value. */
const isText = (text: string): boolean => /[a-z] [a-z]|^ [a-z]|[a-z] $/i.test(text);

const isAllowed = (path: string, identifier: string): boolean =>
  ALLOWED.some(({ name, paths }) => name === identifier && paths.includes(path));

/** Returns the allowances that no identifier of the repository at `root` needs, as "path: name". */
export const unusedAllowances = (root: string): readonly string[] =>
  ALLOWED.flatMap(({ name, paths }) =>
    paths.filter((path) => !hasIdentifier(join(root, path), name)).map((path) => `${path}: ${name}`),
  );

const hasIdentifier = (file: string, name: string): boolean =>
  existsSync(file) &&
  scanTypeScript(readFileSync(file, 'utf8')).some(({ kind, text }) => kind === 'identifier' && text === name);

/** Returns every forbidden word of the repository at `root`, by file and line. */
export function findWords(root: string): readonly Finding[] {
  const files = (patterns: readonly string[]): readonly string[] =>
    patterns
      .flatMap((pattern) => globSync(pattern, { cwd: root }))
      .filter((path) => !IGNORED.test(path))
      .sort();
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  return [
    ...files(SOURCES).flatMap((path) => scanTypeScript(read(path)).flatMap((piece) => inPiece(path, piece))),
    ...files(SCRIPTS).flatMap((path) => scanBash(read(path)).flatMap((piece) => inPiece(path, piece))),
    ...files(PAGES).flatMap((path) => scanMarkdown(read(path)).flatMap((piece) => inPiece(path, piece))),
  ];
}

function inPiece(path: string, { kind, text, line }: Piece): readonly Finding[] {
  if (kind === 'identifier') {
    if (isAllowed(path, text)) return [];
    return termsOf(text).map((term) => ({ term, where: kind, path, line, text }));
  }
  if (kind === 'string' && path.endsWith('.ts') && !isText(text)) return [];
  const where = kind === 'comment' || (path.endsWith('.ts') && !SHOWN.test(path)) ? 'prose' : 'message';
  // Code in a comment is code; in a message it is a command, whose words count.
  const prose = where === 'prose' ? text.replaceAll(/`[^`]*`/g, ' ') : text;
  if (!ANY_PROSE.test(prose)) return [];
  return PROSE.flatMap(({ id, pattern }) =>
    [...prose.matchAll(pattern)].map(({ index }): Finding => {
      const before = prose.slice(0, index).split('\n').length - 1;
      return { term: id, where, path, line: line + before, text: prose.split('\n')[before]?.trim() ?? '' };
    }),
  );
}

const known = new Map<string, readonly string[]>();

/** Returns the terms in an identifier; memoized, since the same names come again and again. */
function termsOf(identifier: string): readonly string[] {
  let terms = known.get(identifier);
  if (terms === undefined) {
    const words = wordsOf(identifier);
    terms = TERMS.filter(({ name }) => name?.test(words)).map(({ id }) => id);
    known.set(identifier, terms);
  }
  return terms;
}

/** Splits an identifier into words: `MAX_BEGINNINGS` is "max beginnings", `#openPlace` "open place". */
export const wordsOf = (name: string): string =>
  name
    .replaceAll(/[#_$\d]+/g, ' ')
    .replaceAll(/([a-z])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .trim()
    .replaceAll(/\s+/g, ' ')
    .toLowerCase();
