import { readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { resolveInTree } from '../checkout/checkout-fs.ts';

/** A folder below the project, and whether the build wrote an index.html into it. */
export type WrittenFolder = Readonly<{ path: string; index: boolean }>;

const MAX_DEPTH = 3;
/** Bounds the search: an untrusted build may leave any number of folders. */
const MAX_FOLDERS = 2_000;
/** Folders that hold no output: caches, dependencies, reports. */
const SKIPPED = /^(?:\.|node_modules$|coverage$|__|playwright-report$)/;

/**
 * Returns the folders of a project after its build, the shallowest first. `since` (ms since the epoch): files written
 * later are of the build.
 */
export async function writtenFolders(root: string, project: string, since: number): Promise<readonly WrittenFolder[]> {
  const found: WrittenFolder[] = [];
  let level: readonly string[] = [''];
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      // The build may have replaced the project's own folder by a link.
      const directory = await resolveInTree(root, posix.join(project, folder));
      if (directory?.kind !== 'directory') continue;
      // Links are not followed: what they lead to is found itself, or is outside the project.
      const entries = await readdir(directory.absolute, { withFileTypes: true }).catch(() => []);
      // In order, so that the same files give the same output on any file system.
      for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        if (!entry.isDirectory() || SKIPPED.test(entry.name)) continue;
        if (found.length >= MAX_FOLDERS) return found;
        const path = posix.join(folder, entry.name);
        const index = await resolveInTree(root, posix.join(project, path, 'index.html'));
        found.push({ path, index: index?.kind === 'file' && index.mtimeMs >= since });
        next.push(path);
      }
    }
    level = next.sort();
  }
  return found;
}

/** Returns the folders with a written index.html that are not inside another one. */
export const sitesOf = (folders: readonly WrittenFolder[]): readonly string[] => {
  const sites = folders.filter(({ index }) => index).map(({ path }) => path);
  return sites.filter((path) => !sites.some((other) => path.startsWith(`${other}/`)));
};
