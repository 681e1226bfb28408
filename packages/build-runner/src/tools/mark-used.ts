import { utimes } from 'node:fs/promises';

/** Renews the time of a directory, by which clean-up finds the least recently used. */
export async function markUsed(directory: string): Promise<void> {
  const now = new Date();
  await utimes(directory, now, now).catch(() => undefined);
}
