import { statfs } from 'node:fs/promises';
import type { Capacity } from '@anchor/core/ports/capacity.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

const MB = 1_048_576;

/** Returns free and total bytes of the file system that holds `directory`. */
export async function diskSpace(directory: string): Promise<Readonly<{ freeBytes: number; totalBytes: number }>> {
  const stats = await statfs(directory);
  return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
}

/**
 * Refuses builds while less than `minFreeMb` is free: the rest is reserved for serving sites. Before it refuses,
 * `freeSpace` may free that many bytes of data that can be regenerated.
 */
export const diskCapacity = (
  directory: string,
  minFreeMb: number,
  freeSpace?: (bytes: number) => Promise<unknown>,
): Capacity => ({
  async checkSpaceForBuild() {
    try {
      let { freeBytes } = await diskSpace(directory);
      if (freeBytes < minFreeMb * MB && freeSpace !== undefined) {
        await freeSpace(minFreeMb * MB - freeBytes);
        ({ freeBytes } = await diskSpace(directory));
      }
      if (freeBytes >= minFreeMb * MB) return ok(undefined);
      return fail(
        'disk_full',
        'Not enough free disk space for a build',
        'Free disk space: run `anchor gc --caches`, delete other files, or lower --min-free-disk-mb.',
        `${Math.floor(freeBytes / MB)} MB are free, ${minFreeMb} MB are kept for serving`,
      );
    } catch (error) {
      return fail(
        'internal',
        'Cannot determine the free disk space',
        `Check that the disk that holds ${directory} is mounted and readable.`,
        error instanceof Error ? error.message : String(error),
      );
    }
  },
});
