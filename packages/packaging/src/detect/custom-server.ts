import { posix } from 'node:path';
import { shellCommands } from './shell-commands.ts';
import type { ResolvedStart } from './resolved-start.ts';

/**
 * Files that are read, names that are looked up, and imports of one file that are followed: a large server costs no
 * time.
 */
const MAX_FILES = 30;
const MAX_NAMES = 600;
const MAX_IMPORTS = 100;
const EXTENSIONS: readonly string[] = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
/** Folders that a build writes: their files are compiled from those of the project, or of one of the second list. */
const BUILT = /^(?:\.\/)?(?:dist|build|out|lib|output|\.server|dist-server)\//;
const SOURCES: readonly string[] = ['', 'src/', 'server/'];
/** `next` itself, not `next/server` or `next-auth`. */
const NEXT = /(?:\brequire\s*\(|\bfrom|\bimport(?:\s*\()?)\s*(['"`])next(?:\/dist\/[^'"`]*)?\1/;
const RELATIVE = /(?:\brequire\s*\(|\bfrom|\bimport(?:\s*\()?)\s*['"`](\.{1,2}\/[^'"`]+)['"`]/g;

/**
 * Finds the file by which a start script runs Next.js inside a server of the project's own (`next({ dev: false })`).
 * `read` returns a file's text by its path in the project. Undefined where the script is Next's own or no file loads
 * Next.
 */
export async function customServer(
  start: ResolvedStart,
  read: (path: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  if (start.role !== 'server') return undefined;
  const queue = entriesOf(start).flatMap(sourcesOf);
  const seen = new Set<string>();
  let files = 0;
  for (
    let path = queue.shift();
    path !== undefined && files < MAX_FILES && seen.size < MAX_NAMES;
    path = queue.shift()
  ) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = await read(path);
    if (text === undefined) continue;
    files++;
    if (NEXT.test(text)) return path;
    const folder = posix.dirname(path);
    let imports = 0;
    for (const [, name = ''] of text.matchAll(RELATIVE)) {
      if (++imports > MAX_IMPORTS) break;
      queue.push(...filesOf(posix.join(folder, name)));
    }
  }
  return undefined;
}

/** Returns the words of a start command that may be files of the project. */
function entriesOf(start: ResolvedStart): readonly string[] {
  const { command } = start;
  const lines =
    command.kind === 'argv' ? [command.argv] : (shellCommands(command.script) ?? []).map(({ words }) => words);
  const paths = lines.flatMap((words) =>
    words.filter(
      (word, i) =>
        i > 0 &&
        !word.startsWith('-') &&
        !word.startsWith('/') &&
        (/\.[cm]?[jt]s$/.test(word) || /^(?:node|tsx|ts-node|bun)$/.test(words[i - 1] ?? '') || word.startsWith('./')),
    ),
  );
  return paths
    .filter((path) => !/(?:^|\/)standalone\//.test(path))
    .map((path) => posix.join(command.folder ?? '', path))
    .filter((path) => !path.startsWith('..'));
}

/** Returns a file and, where a build writes it, what it may be compiled from. */
function sourcesOf(path: string): readonly string[] {
  if (!BUILT.test(path)) return filesOf(path);
  const name = path.replace(BUILT, '').replace(/\.[cm]?js$/, '');
  return [...filesOf(path), ...SOURCES.flatMap((folder) => filesOf(folder + name))];
}

/** Returns how Node and TypeScript complete a name; `./x.js` of TypeScript means `./x.ts`. */
function filesOf(path: string): readonly string[] {
  const plain = posix.normalize(path);
  if (plain.startsWith('..')) return [];
  const bare = plain.replace(/\.[cm]?[jt]s$/, '');
  return [
    plain,
    ...(bare === plain ? [] : [`${bare}.ts`]),
    ...EXTENSIONS.map((extension) => plain + extension),
    ...EXTENSIONS.map((extension) => `${plain}/index${extension}`),
  ].filter((file) => EXTENSIONS.some((extension) => file.endsWith(extension)));
}
