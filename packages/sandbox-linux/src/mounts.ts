import { lstatSync, mkdirSync, realpathSync, statSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { Mount } from '@anchor/core/ports/sandbox.ts';
import { FIRST_UID } from './identity.ts';

/** The file at a host path that was resolved safely: compared again after mounting, so that nothing was swapped. */
export type Source = Readonly<{ path: string; dev: number; ino: number; directory: boolean }>;

const RESERVED = ['/proc', '/dev', '/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32', '/etc', '/sys'];
const under = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`);

/** Parses an absolute path inside a sandbox into its shortest form, outside of what the sandbox itself provides. */
export const parseTarget = (to: string): Result<string> => {
  const parts = to.split('/').slice(1);
  const plain =
    to.startsWith('/') && parts.every((part) => part !== '' && part !== '.' && part !== '..') && !hasControl(to);
  if (plain && !RESERVED.some((path) => under(to, path))) return ok(to);
  return fail(
    'invalid_input',
    `A sandbox cannot have a mount at "${JSON.stringify(to).slice(1, -1)}"`,
    `Use an absolute path without "." or "..", outside of ${RESERVED.join(', ')}.`,
  );
};

const hasControl = (text: string): boolean => [...text].some((char) => char < ' ' || char === '\u007f');

/**
 * Resolves a host path to where a mount may start. Links are followed only while every directory on the way belongs to
 * the machine: below a directory that a sandbox's user owns, a link could have been planted and is refused.
 */
export const resolveSource = (from: string): Result<Source> => {
  try {
    let path = '/';
    let planted = false;
    for (const part of from.split('/').filter((each) => each !== '' && each !== '.')) {
      if (part === '..' || hasControl(part)) return refused(from, 'it contains ".." or a control character');
      planted ||= lstatSync(path).uid >= FIRST_UID;
      const next = join(path, part);
      const found = lstatSync(next);
      if (found.isSymbolicLink() && (planted || found.uid >= FIRST_UID))
        return refused(from, `${next} is a link that a sandbox may have made`);
      path = found.isSymbolicLink() ? realpathSync(next) : next;
    }
    const { dev, ino, ...found } = statSync(path);
    return ok({ path, dev, ino, directory: (found.mode & 0o170000) === 0o040000 });
  } catch (error) {
    return refused(from, error instanceof Error ? error.message : String(error));
  }
};

const refused = (from: string, why: string): Result<never> =>
  fail(
    'invalid_input',
    `A sandbox cannot mount ${from}`,
    'Mount an existing absolute path that no sandbox can redirect.',
    why,
  );

/**
 * Makes sure that `relative` is a real directory below `base`, where another mount will go. Missing ones are made for
 * `uid` when `create`; links are refused, as a sandbox could have planted them.
 */
export const directoryInside = (base: string, relative: string, uid: number, create: boolean): Result<void> => {
  let path = base;
  for (const part of relative.split('/').filter(Boolean)) {
    path = join(path, part);
    try {
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined && create) {
        mkdirSync(path);
        chownSync(path, uid, uid);
      }
      if (!lstatSync(path).isDirectory()) return refused(path, 'it is not a directory');
    } catch (error) {
      return refused(path, error instanceof Error ? error.message : String(error));
    }
  }
  return ok(undefined);
};

/** Sorts outer mounts before the ones inside them. */
export const sortMounts = (mounts: readonly Mount[]): readonly Mount[] =>
  [...mounts].sort((a, b) => a.to.split('/').length - b.to.split('/').length);

/** Returns the innermost earlier mount that covers `to`. */
export const coveringMount = (earlier: readonly Mount[], to: string): Mount | undefined =>
  earlier.findLast((mount) => mount.to !== to && under(to, mount.to));

/** Returns a line of fstab(5). */
export const tableLine = (source: string, target: string, type: string, options: string): string =>
  `${[source, target, type, options].map(escapeField).join(' ')} 0 0\n`;

const escapeField = (text: string): string =>
  text.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
