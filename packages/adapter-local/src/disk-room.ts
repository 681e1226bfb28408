import { statfs } from 'node:fs/promises';
import type { Capacity } from '@anchor/core/ports/capacity.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

const MB = 1_048_576;

/** Free and total bytes of the file system that holds `directory`. */
export async function diskSpace(directory: string): Promise<Readonly<{ freeBytes: number; totalBytes: number }>> {
  const stats = await statfs(directory);
  return { freeBytes: stats.bavail * stats.bsize, totalBytes: stats.blocks * stats.bsize };
}

/** Refuses builds while less than `minFreeMb` is free: what is left belongs to the sites that serve. */
export const diskRoom = (directory: string, minFreeMb: number): Capacity => ({
  async roomForBuild() {
    try {
      const { freeBytes } = await diskSpace(directory);
      if (freeBytes >= minFreeMb * MB) return ok(undefined);
      return fail('disk_full', 'There is too little disk space for a build', 'Make room: anchor gc, or delete what else fills the disk; or lower --min-free-disk-mb.', `${Math.floor(freeBytes / MB)} MB are free, ${minFreeMb} MB are kept for serving`);
    } catch (error) {
      return fail('internal', 'It can not be told how much disk space there is', `Look whether the disk that holds ${directory} is there and readable.`, error instanceof Error ? error.message : String(error));
    }
  },
});
