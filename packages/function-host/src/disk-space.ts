import { statfsSync } from 'node:fs';

const MB = 1_048_576;

/** Returns the free space of a file system, in MiB; infinite where it cannot be determined. */
export function freeMb(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return (bavail * bsize) / MB;
  } catch {
    return Infinity;
  }
}

/** Returns the size of a file system, in MiB. */
export function sizeMb(path: string): number {
  const { blocks, bsize } = statfsSync(path);
  return Math.round((blocks * bsize) / MB);
}

/** `part`: 0 to 1, by bytes or by files, whichever is closer to its limit. */
export type DiskSpaceUse = Readonly<{ usedMb: number; part: number }>;

/** Returns the use of a file system. */
export function spaceUse(path: string): DiskSpaceUse {
  const { blocks, bfree, bsize, files, ffree } = statfsSync(path);
  return { usedMb: ((blocks - bfree) * bsize) / MB, part: Math.max(1 - bfree / blocks, 1 - ffree / files) };
}
