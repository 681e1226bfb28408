import { posix } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { resolveInTree } from '../checkout/checkout-fs.ts';
import { nodeEntryFile } from '../detect/node-entry.ts';
import type { ScanBudget } from './foreign-program.ts';
import { installedAt } from './production-packages.ts';

/** What a start command was found to need so far; see Runnable. */
export type Draft = {
  entries: string[];
  packages: string[];
  notes: string[];
  bun: boolean;
  foreign: boolean;
  traceable: boolean;
};
/** Where a command runs, as folders relative to the checkout at `root`. */
export type RunFolder = Readonly<{ root: string; cwd: string; budget: ScanBudget }>;

/** Options of Node that load a module before the entry. */
const LOADS = /^(?:-r|--require|--import|--loader|--experimental-loader)$/;
/** Options of Node that take the next word. */
const TAKES_WORD = /^(?:-C|--conditions|--title|--env-file-if-exists|--max-old-space-size|--stack-trace-limit|-u)$/;
/** Options of Node after which there is no entry to look for. */
const NO_ENTRY = /^(?:-e|--eval|-p|--print|--run|--test)$/;

/**
 * Rewrites `node [options] entry …`: the entry by a name that Node finds, what its options load, and an env file only
 * where there is one.
 */
export async function nodeArgv(
  folder: RunFolder,
  argv: readonly string[],
  draft: Draft,
): Promise<Result<readonly string[]>> {
  const [node = '', ...words] = argv;
  const out = argv.length === 0 ? [] : [node];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [option = '', inline] = word.split(/=(.*)/s);
    if (LOADS.test(option)) {
      const value = inline ?? words[++i] ?? '';
      await addLoaded(folder, value, draft);
      out.push(...(inline === undefined ? [word, value] : [word]));
    } else if (option === '--env-file') {
      const value = inline ?? words[++i] ?? '';
      if (await hasEnvFile(folder, value, draft)) out.push(`--env-file=${value}`);
    } else if (TAKES_WORD.test(word) && words[i + 1] !== undefined) {
      out.push(word, words[++i] ?? '');
    } else if (word.startsWith('-') && word !== '-') {
      if (NO_ENTRY.test(word)) {
        draft.traceable = false;
        return ok([...out, ...words.slice(i)]);
      }
      out.push(word);
    } else {
      const entry = await entryWord(folder, word, argv, draft);
      if (!entry.ok) return entry;
      const after = words.slice(i + 1);
      if (isRuntime(word)) for (const file of after) await addEntry(folder, file, draft);
      return ok([...out, entry.value, ...after]);
    }
  }
  return ok(out);
}

/**
 * Returns whether an env file exists. Node refuses to start without it, but it is mostly not committed: its variables are
 * those of the project here.
 */
async function hasEnvFile({ root, cwd }: RunFolder, file: string, draft: Draft): Promise<boolean> {
  if ((await resolveInTree(root, below(cwd, file)))?.kind === 'file') return true;
  draft.notes.push(
    `${file} is not part of the build: what it names comes from the project's variables (anchor env set).`,
  );
  return false;
}

const isRuntime = (word: string): boolean => word.startsWith(`${SANDBOX_PATHS.runtime}/`);

/** Returns the entry as Node is told it, and notes the file and the package that it is part of. */
async function entryWord(
  { root, cwd }: RunFolder,
  word: string,
  argv: readonly string[],
  draft: Draft,
): Promise<Result<string>> {
  if (isRuntime(word)) return ok(word);
  const file = await nodeEntryFile(root, cwd, word);
  if (file === undefined)
    return fail(
      'output_missing',
      `"${word.slice(0, 200)}" does not exist after the build`,
      'Check the start script, and that the build writes the file that it starts.',
      `The start command is: ${argv.join(' ').slice(0, 300)}`,
    );
  draft.entries.push(file.path);
  // Files that Node reads as TypeScript cannot be traced.
  if (/\.[cm]?ts$/.test(file.path)) draft.traceable = false;
  const inPackage = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file.path)?.[1];
  if (inPackage !== undefined) {
    draft.traceable = false;
    draft.packages.push(inPackage);
  }
  return ok(file.asWritten ? word : relativeTo(cwd, file.path));
}

/** Notes a word of a command that names a file of JavaScript: what it imports is needed. */
export async function addEntry({ root, cwd }: RunFolder, word: string, draft: Draft): Promise<void> {
  if (!/\.[cm]?js$|^\.\.?\//.test(word)) return;
  const file = await nodeEntryFile(root, cwd, word);
  if (file !== undefined) draft.entries.push(file.path);
}

/** Adds a module that an option of Node names: a file, or a package. */
async function addLoaded({ root, cwd }: RunFolder, name: string, draft: Draft): Promise<void> {
  if (/^\.{0,2}\//.test(name)) {
    const file = await nodeEntryFile(root, cwd, name);
    if (file !== undefined) draft.entries.push(file.path);
    return;
  }
  const bare = /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0];
  const found = bare === undefined ? undefined : await installedAt(root, cwd, bare);
  if (found !== undefined) draft.packages.push(found.folder);
}

/** Joins a name to a folder of the checkout; '' is the checkout itself. */
export function below(folder: string, name: string): string {
  const path = posix.normalize(posix.join(folder === '' ? '.' : folder, name)).replace(/\/$/, '');
  return path === '.' ? '' : path;
}

/** Returns the path of a file of the checkout from one of its folders. */
export const relativeTo = (folder: string, path: string): string => posix.relative(folder === '' ? '.' : folder, path);
