import { statfs } from 'node:fs/promises';
import type { Disk } from '@anchor/core/ports/sandbox.ts';
import { run } from './command.ts';
import { unmount } from './mount-points.ts';

/** `hard`: its size is bounded by a file system of its own. */
export type OpenedDisk = Disk & Readonly<{ hard: boolean }>;

const MB = 1024 * 1024;

/** Returns the disk of a mounted image. */
export const hardDisk = (path: string, release: () => void): OpenedDisk => {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // Written now, so that the image has its size: a mount namespace with a copy of the mount delays the last unmount.
    await run(['sync', '--file-system', '--', path]);
    // Returns the blocks of deleted files to the machine's disk.
    await run(['fstrim', '--', path]);
    await unmount(path);
    release();
  };
  return {
    path,
    hard: true,
    async free() {
      const { blocks, bfree, bavail, bsize, ffree } = await statfs(path);
      const sizeMb = (blocks * bsize) / MB;
      const freeMb = (bavail * bsize) / MB;
      return {
        usedMb: Math.ceil(((blocks - bfree) * bsize) / MB),
        sizeMb: Math.floor(sizeMb),
        full: freeMb < Math.max(1, sizeMb / 100) || ffree === 0,
      };
    },
    close: () => (closing ??= close()),
  };
};

/** Creates a directory whose size is measured, but not bounded: for machines that cannot mount images. */
export const softDisk = (path: string, sizeMb: number, release: () => void): OpenedDisk => ({
  path,
  hard: false,
  async free() {
    const measured = await run(['du', '-sm', '--', path]);
    const usedMb = Number.parseInt(measured.stdout, 10) || 0;
    return { usedMb, sizeMb, full: usedMb >= sizeMb };
  },
  close: async () => release(),
});
