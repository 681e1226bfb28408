import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { isIgnored, rulesOf, type Rules } from './ignored.ts';
import { create } from 'tar';

/** Returns the files of a folder to send: paths relative to it, "/" separated, sorted; symbolic links as they are. */
export async function filesOf(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  const walk = async (relative: string, above: readonly Rules[]): Promise<void> => {
    const here = join(directory, relative);
    const rules = [
      ...above,
      ...(await rulesOf(here, relative, (file) => readFile(file, 'utf8').catch(() => undefined))),
    ];
    for (const entry of await readdir(here, { withFileTypes: true })) {
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (isIgnored(rules, path, entry.isDirectory())) continue;
      if (entry.isDirectory()) await walk(path, rules);
      // Sockets, pipes and devices are nothing to build from
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  await walk('', []);
  return found.sort();
}

/** Packs the files as a tar.gz stream: no owners, no times, so that the same files always make the same bytes. */
export const archive = (directory: string, files: readonly string[]): ReadableStream<Uint8Array> =>
  Readable.toWeb(
    Readable.from(
      create(
        { cwd: directory, gzip: true, portable: true, noMtime: true, noDirRecurse: true, preservePaths: false },
        files.map((file) => `./${file}`),
      ),
      { objectMode: false },
    ),
  ) as ReadableStream<Uint8Array>;

/** Returns the bytes of the files before packing. */
export async function sizeOf(directory: string, files: readonly string[]): Promise<number> {
  let sum = 0;
  for (const file of files) sum += (await lstat(join(directory, file))).size;
  return sum;
}
