import { posix } from 'node:path';

/** Returns the path relative and normalized, '' for the folder itself; undefined when it would leave the folder. */
export function insidePath(path: string, maxLength: number): string | undefined {
  if (path.length > maxLength || path.startsWith('/') || path.includes('\0') || path.includes('\\')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part) => part === '..' || Buffer.byteLength(part) > 255)) return undefined;
  return parts.join('/');
}

/**
 * Returns whether a symbolic link at `path` (relative to the tree, its parents real directories) points into the tree,
 * judged by its text alone. `..` counts only at the front: after a name, the name could be a link itself (`x -> .`,
 * `y -> x/..`).
 */
export function linkStaysInside(path: string, link: string): boolean {
  if (link === '' || link.length > 4096 || link.startsWith('/') || link.includes('\0')) return false;
  const parts = link.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.some((part, i) => part === '..' && i > 0 && parts[i - 1] !== '..')) return false;
  const resolved = posix.normalize(posix.join(parentOf(path), link));
  return resolved !== '..' && !resolved.startsWith('../');
}

/** Returns the folder that holds `path`, '' for the root. */
export const parentOf = (path: string): string => {
  const parent = posix.dirname(path);
  return parent === '.' ? '' : parent;
};
