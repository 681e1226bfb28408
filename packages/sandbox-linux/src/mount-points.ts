import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './command.ts';

/** Returns mount points as the kernel lists them, with its escapes undone. */
export const mountPoints = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const path = line.split(' ')[4];
      return path === undefined
        ? []
        : [path.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))];
    });

/**
 * Returns whether a path is a mount point, as the file system reports it. The kernel's list is read in pieces while
 * others mount and unmount.
 */
export const isMounted = (path: string): boolean => {
  const [own, parent] = [path, dirname(path)].map((each) => statSync(each, { throwIfNoEntry: false })?.dev);
  return own !== undefined && own !== parent;
};

/**
 * Waits between attempts to unmount: about 12 seconds in all. On a busy machine killed processes take seconds to
 * release it.
 */
const UNMOUNT_WAITS_MS: readonly number[] = [
  ...Array.from({ length: 40 }, () => 50),
  ...Array.from({ length: 40 }, () => 250),
];

/**
 * Unmounts as soon as the last process has released it; at the end it detaches what is still in use. A detached image
 * is not unmounted in order, and is recreated at its next use.
 */
export const unmount = async (path: string): Promise<void> => {
  for (const wait of UNMOUNT_WAITS_MS) {
    if (!isMounted(path)) return;
    if ((await run(['umount', '--', path])).code !== 0) await delay(wait);
  }
  for (let attempt = 0; attempt < 5 && isMounted(path); attempt++) await run(['umount', '-l', '--', path]);
};
