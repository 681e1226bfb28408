import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { resolveInTree } from '../checkout/checkout-fs.ts';

/** Joins names below the checkout; '' is the checkout itself. */
export const at = (...parts: readonly string[]): string => {
  const path = posix.normalize(parts.filter((part) => part !== '').join('/') || '.');
  return path === '.' ? '' : path.replace(/\/$/, '');
};

/** Returns the folders that exist and hold an index.html, of a list of names that may contain `*`. */
export async function foldersWithIndex(
  root: string,
  project: string,
  directories: readonly string[],
): Promise<readonly string[]> {
  const out: string[] = [];
  for (const directory of directories) {
    for (const name of await namesFor(root, project, directory)) {
      const folder = directory.replaceAll('*', name);
      if ((await resolveInTree(root, at(project, `${folder}/index.html`)))?.kind === 'file') out.push(folder);
    }
  }
  return out;
}

/** Returns what `*` may match: the names in the folder before it, in order. */
export async function namesFor(root: string, project: string, pattern: string): Promise<readonly string[]> {
  const star = pattern.indexOf('*');
  if (star === -1) return [''];
  const folder = await resolveInTree(root, at(project, pattern.slice(0, star)));
  if (folder?.kind !== 'directory') return [];
  return (await readdir(folder.absolute, { withFileTypes: true }))
    .filter((entry) => !entry.isFile())
    .map(({ name }) => name)
    .sort();
}
