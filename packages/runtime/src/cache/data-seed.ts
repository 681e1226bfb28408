/**
 * Results of the build's `fetch` (with a cache) and `unstable_cache`, read from the function's files in Next's own
 * format.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord } from '../process/environment.ts';

export type DataEntry = { lastModified: number; value: Record<string, unknown>; tags: readonly string[] };

/**
 * Returns the folder of an entry point's `serverDistDir`, or the folder of the same name in any other output folder.
 */
const folderOf = (serverDistDir: string): string => join(serverDistDir, '../cache/fetch-cache');
const KEY = /^[0-9a-f]{32,128}$/;
const known = new Map<string, Readonly<Record<string, unknown>>>();

/** Returns undefined when the build stored no such entry. */
export async function readDataSeed(serverDistDir: string, key: string): Promise<DataEntry | undefined> {
  if (serverDistDir === '' || !KEY.test(key)) return undefined;
  const folder = folderOf(serverDistDir);
  const lastModified = timesIn(folder)[key];
  if (typeof lastModified !== 'number') return undefined;
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, key), 'utf8'));
    if (!isRecord(value) || value['kind'] !== 'FETCH') return undefined;
    const { tags } = value;
    return { lastModified, value, tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [] };
  } catch {
    return undefined;
  }
}

/**
 * Returns when each entry was written: the packager records it, since the files' own times are those of their copying.
 */
function timesIn(folder: string): Readonly<Record<string, unknown>> {
  const before = known.get(folder);
  if (before !== undefined) return before;
  let times: Readonly<Record<string, unknown>> = {};
  try {
    const noted: unknown = JSON.parse(readFileSync(join(folder, '.times.json'), 'utf8'));
    if (isRecord(noted)) times = noted;
  } catch {
    // the build fetched nothing that is kept
  }
  known.set(folder, times);
  return times;
}
