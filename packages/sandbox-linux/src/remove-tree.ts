import { run } from './command.ts';

/**
 * Removes a directory to which a sandbox may still write. Node's own `rm` works with paths: a directory that is swapped
 * for a link meanwhile leads it outside, where it deletes as root. This one holds every directory open and follows no
 * link. What cannot be removed stays; it never rejects.
 */
export async function removeTree(path: string): Promise<void> {
  await run(['rm', '-rf', '--one-file-system', '--', path]);
}
