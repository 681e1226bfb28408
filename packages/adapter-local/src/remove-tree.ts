import { run } from './sandbox/command.ts';

/**
 * Removes a directory to which a sandbox may still write. Node's own `rm` works with paths: a directory that is swapped
 * for a link while it is being emptied leads it out, and what it deletes there it deletes as root. This one holds every
 * directory open and follows nothing. What can not be removed stays; it never rejects.
 */
export async function removeTree(path: string): Promise<void> {
  await run(['rm', '-rf', '--one-file-system', '--', path]);
}
