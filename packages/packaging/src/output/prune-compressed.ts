import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';

/** Younger entries may belong to a build whose artifact is not stored yet. */
const GRACE_MS = 86_400_000;

/** Removes what the compressor remembers of blobs that are gone; returns how many bytes that frees. */
export async function pruneCompressed(
  directory: string,
  blobs: Pick<BlobStore, 'has'>,
  { dryRun, now = Date.now() }: Readonly<{ dryRun: boolean; now?: number }>,
): Promise<number> {
  let bytes = 0;
  for (const folder of await readdir(directory).catch(() => [])) {
    for (const name of await readdir(join(directory, folder)).catch(() => [])) {
      const path = join(directory, folder, name);
      const stat = await lstat(path).catch(() => undefined);
      if (stat === undefined || now - stat.mtimeMs < GRACE_MS || (await blobs.has(name.split('-')[0] ?? ''))) continue;
      bytes += stat.blocks * 512;
      if (!dryRun) await rm(path, { force: true });
    }
  }
  return bytes;
}
