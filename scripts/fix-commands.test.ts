import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../packages/cli/src/commands.ts';
import { FLAGS } from '../apps/local/src/flags.ts';

const root = join(import.meta.dirname, '..');
const sources = globSync(
  ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts', 'docs/*.md', 'README.md', 'examples/*/README.md'],
  { cwd: root },
)
  .filter((path) => !/\.test\.ts$|\/fixtures\/|^packages\/testing\//.test(path))
  .sort();

const kebab = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const known = new Map(commands.map((command) => [command.name, command]));
const nouns = new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : [])));

type Named = Readonly<{ path: string; line: number; words: readonly string[] }>;

/** Returns every command line of `program` in a text of the sources: from a separate word to its end. */
function namedCommands(program: RegExp): readonly Named[] {
  return sources.flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((text, index) =>
        // Comments may speak of the remote "anchor".
        /^\s*(?:\*|\/\/|\/\*)/.test(text)
          ? []
          : [...text.matchAll(program)].map((match) => ({
              path,
              line: index + 1,
              words: (match[1] ?? '').trim().split(/\s+/),
            })),
      ),
  );
}

/** Labels of keys and the like, which are no commands. */
const LABELS: ReadonlySet<string> = new Set(['routes', 'key', 'secret', 'itself']);

/** The names of options among the words; what is quoted is a value. */
const optionsOf = (words: readonly string[]): readonly string[] =>
  words
    .join(' ')
    .replaceAll(/"[^"]*"?/g, '')
    .split(' ')
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.replace(/[=).,;:'"`\\].*$/, ''));

test('every command of anchor that a message or a page names exists and takes the options shown', () => {
  const wrong: string[] = [];
  const all = namedCommands(
    /(?<![\w/.@-]|push |remote |remote add |fetch |ls-remote )anchor ((?:[a-z][a-z-]*|--?[a-z][\w-]*|<[^>]*>|\$\{[^}]*\}|\[[^\]]*\]|"[^"]*"|'[^']*'|[A-Z][A-Z_]*(?:=\S*)?|\S*[=*/]\S*)(?: (?:[a-z][a-z-]*|--?[a-z][\w-]*|<[^>]*>|\$\{[^}]*\}|"[^"]*"|[A-Z][A-Z_]*(?:=\S*)?))*)/g,
  );
  assert.ok(all.length > 80, `${all.length} found`);
  for (const { path, line, words } of all) {
    const at = `${path}:${line}: anchor ${words.join(' ')}`;
    const [first = '', second = ''] = words;
    if (!/^[a-z][a-z-]*$/.test(first) || LABELS.has(first)) continue;
    const command = known.get(`${first} ${second}`) ?? known.get(first);
    if (command === undefined) {
      wrong.push(nouns.has(first) ? `${at}: no such verb` : `${at}: no such command`);
      continue;
    }
    const options = new Set([
      '--json',
      '--url',
      '--help',
      ...(command.project === true ? ['-p', '--project'] : []),
      ...Object.entries(command.options).flatMap(([key, { short }]) => [
        `--${kebab(key)}`,
        ...(short === undefined ? [] : [`-${short}`]),
      ]),
    ]);
    for (const option of optionsOf(words)) if (!options.has(option)) wrong.push(`${at}: no option ${option}`);
  }
  assert.deepEqual(wrong, []);
});

test('every flag of ./up that a message names exists', () => {
  const flags = new Set([...Object.keys(FLAGS), 'once', 'no-demo', 'help', 'restore', 'stop', 'new']);
  const wrong = namedCommands(/\.\/up ((?:--[a-z-]+(?: (?!--)\S+)? ?)+)/g).flatMap(({ path, line, words }) =>
    optionsOf(words)
      .map((option) => option.slice(2))
      .filter((flag) => !flags.has(flag))
      .map((flag) => `${path}:${line}: --${flag}`),
  );
  assert.deepEqual(wrong, []);
});

/** A pattern does not help a reader: messages describe in words what is allowed. */
test('no message shows a regular expression', () => {
  const wrong = sources.flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .flatMap((text, index) =>
        [
          ...text.matchAll(/(?:fail|commandError|refuse|anchorError)\([^)]*\$\{[^}]*\.source\}/g),
          ...text.matchAll(
            /(?:message|fix|cause|help|summary): ['"`][^'"`]*(?:\[a-z0-9?-?\]|\\d\+|\(\?:|\[\^)[^'"`]*['"`]/g,
          ),
        ].map((match) => `${path}:${index + 1}: ${match[0]}`),
      ),
  );
  assert.deepEqual(wrong, []);
});
