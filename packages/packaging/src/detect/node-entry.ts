import { posix } from 'node:path';
import { SANDBOX_PATHS } from '@anchor/protocol/sandbox-paths.ts';
import { resolveInTree, readJsonInTree } from '../checkout/checkout-fs.ts';

/** A file that `node <word>` starts. `asWritten`: Node finds it by this word; false: only its full name would. */
export type NodeEntry = Readonly<{ path: string; asWritten: boolean }>;

const EXTENSIONS: readonly string[] = ['', '.js', '.json', '.node'];
/** Node does not add these extensions to the file that it runs, but start scripts often omit them. */
const LEFT_OUT: readonly string[] = ['.mjs', '.cjs', '.ts', '.mts', '.cts'];

/**
 * Finds the file that Node starts for a word, from a folder of the checkout: as written, with an extension, or a
 * directory's `main` or index (Node's LOAD_AS_FILE and LOAD_AS_DIRECTORY, which also apply to the first argument).
 * Undefined when there is none.
 */
export async function nodeEntryFile(root: string, cwd: string, word: string): Promise<NodeEntry | undefined> {
  const base =
    word.startsWith(`${SANDBOX_PATHS.app}/`) || word === SANDBOX_PATHS.app
      ? clean(word.slice(SANDBOX_PATHS.app.length))
      : word.startsWith('/')
        ? undefined
        : clean(posix.join(cwd === '' ? '.' : cwd, word));
  if (base === undefined) return undefined;
  const isFolder = /(?:^|\/)\.{0,2}$/.test(word);
  const asFile = isFolder ? undefined : await fileAt(root, base, EXTENSIONS);
  if (asFile !== undefined) return { path: asFile, asWritten: true };
  if ((await resolveInTree(root, base))?.kind === 'directory') {
    const main: unknown = (await readJsonInTree(root, below(base, 'package.json')))?.['main'];
    const named =
      typeof main === 'string' && main !== '' ? clean(posix.join(base === '' ? '.' : base, main)) : undefined;
    for (const candidate of named === undefined ? [] : [named, below(named, 'index')]) {
      const file = await fileAt(root, candidate, candidate === named ? EXTENSIONS : EXTENSIONS.slice(1));
      if (file !== undefined) return { path: file, asWritten: true };
    }
    const index = await fileAt(root, below(base, 'index'), EXTENSIONS.slice(1));
    if (index !== undefined) return { path: index, asWritten: true };
    const modern = (await exported(root, base)) ?? (await fileAt(root, below(base, 'index'), LEFT_OUT));
    if (modern !== undefined) return { path: modern, asWritten: false };
  }
  const found = isFolder ? undefined : await fileAt(root, base, LEFT_OUT);
  return found === undefined ? undefined : { path: found, asWritten: false };
}

/**
 * Returns what `exports` of a folder's package.json names for ".": Node does not follow it from the command line, so
 * the path is written out.
 */
async function exported(root: string, folder: string): Promise<string | undefined> {
  let value: unknown = (await readJsonInTree(root, below(folder, 'package.json')))?.['exports'];
  for (let depth = 0; depth < 6 && typeof value === 'object' && value !== null && !Array.isArray(value); depth++) {
    const conditions: Readonly<Record<string, unknown>> = { ...value };
    value =
      conditions['.'] ?? conditions['node'] ?? conditions['import'] ?? conditions['require'] ?? conditions['default'];
  }
  const path = typeof value === 'string' ? clean(posix.join(folder === '' ? '.' : folder, value)) : undefined;
  return path === undefined ? undefined : fileAt(root, path, ['']);
}

async function fileAt(root: string, base: string, extensions: readonly string[]): Promise<string | undefined> {
  for (const extension of extensions)
    if ((await resolveInTree(root, base + extension))?.kind === 'file') return base + extension;
  return undefined;
}

const below = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** Normalizes a path of the checkout; undefined when it leads out of it. */
function clean(path: string): string | undefined {
  const normal = posix.normalize(path.replace(/^\/+/, '') || '.').replace(/\/$/, '');
  return normal === '..' || normal.startsWith('../') ? undefined : normal === '.' ? '' : normal;
}
