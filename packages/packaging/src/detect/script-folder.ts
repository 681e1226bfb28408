import { posix } from 'node:path';

/** Joins folders below the project; what leads out of it, or is longer than a path can be, is the project itself. */
export function joinFolder(folder: string, to: string): string {
  if (folder.length + to.length > 4_095) return '';
  const path = posix
    .normalize(to.startsWith('/') ? to.slice(1) : posix.join(folder === '' ? '.' : folder, to))
    .replace(/\/$/, '');
  return path === '.' || path.startsWith('..') ? '' : path;
}
