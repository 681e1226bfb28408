import { readFileSync, statSync } from 'node:fs';
import { open, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const SEAL = 'sizes.json';
const sizes = z.record(z.string(), z.number());

/**
 * Writes the sizes of the files of a directory beside them, and makes all durable: after a power failure a file that
 * was renamed in time may be empty, and an empty program ends at once with success.
 */
export async function seal(directory: string): Promise<void> {
  const names = await readdir(directory);
  const entries = names.map(async (name) => [name, (await stat(join(directory, name))).size] as const);
  await writeFile(join(directory, SEAL), JSON.stringify(Object.fromEntries(await Promise.all(entries))));
  for (const path of [...names, SEAL, '.'].map((name) => join(directory, name))) {
    const file = await open(path);
    await file.sync().finally(() => file.close());
  }
}

/** Returns whether every file of a sealed directory is there in its full size. */
export function isWhole(directory: string): boolean {
  try {
    const written = sizes.parse(JSON.parse(readFileSync(join(directory, SEAL), 'utf8')));
    return Object.entries(written).every(([name, size]) => statSync(join(directory, name)).size === size);
  } catch {
    return false;
  }
}
