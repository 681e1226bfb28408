import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { resolveInTree } from '../checkout/checkout-fs.ts';

/** Deep enough for `distDir: 'build/web/next'`, and for Nx with its `dist/apps/shop/.next` at the root. */
const MAX_DEPTH = 4;
const MAX_FOLDERS = 5_000;
/** Folders of Next's own output hold thousands of others, and no second output. */
const SKIPPED = new Set(['node_modules', '.git', 'cache', 'server', 'static', 'public']);

/**
 * Finds Next's output folder by a file that only it has, nearest first: in the app's folder, or below the root of the
 * repository where a workspace tool puts it. Returns its path relative to the app's folder.
 */
export async function nextOutput(file: string, root: string, project: string): Promise<string | undefined> {
  const has = async (folder: string): Promise<boolean> =>
    (await resolveInTree(root, folder === '' ? file : `${folder}/${file}`))?.kind === 'file';
  const usual = project === '' ? '.next' : `${project}/.next`;
  if (await has(usual)) return '.next';
  const folders = project === '' ? [''] : [project, `dist/${project}`, ''];
  for (const folder of folders) {
    const found = await search(root, folder, has);
    if (found !== undefined) return posix.relative(project, found) || '.';
  }
  return undefined;
}

async function search(
  root: string,
  start: string,
  has: (folder: string) => Promise<boolean>,
): Promise<string | undefined> {
  const queue = [{ folder: start, depth: 0 }];
  let seen = 0;
  for (let at = queue.shift(); at !== undefined && seen < MAX_FOLDERS; at = queue.shift()) {
    seen++;
    const here = await resolveInTree(root, at.folder);
    if (here?.kind !== 'directory') continue;
    if (at.folder !== '' && (await has(at.folder))) return at.folder;
    if (at.depth === MAX_DEPTH) continue;
    for (const entry of await readdir(here.absolute, { withFileTypes: true })) {
      if (entry.isDirectory() && !SKIPPED.has(entry.name))
        queue.push({ folder: at.folder === '' ? entry.name : `${at.folder}/${entry.name}`, depth: at.depth + 1 });
    }
  }
  return undefined;
}
