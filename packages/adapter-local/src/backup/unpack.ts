import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';

/**
 * Unpacks a gzipped tar below `directory`. Throws the first error only after every write has ended, so that the caller
 * can remove the directory: the library's own `extract` rejects while files are still being written.
 */
export async function unpack(file: string, directory: string): Promise<void> {
  const errors: unknown[] = [];
  const writes: Promise<void>[] = [];
  const parser = new Parser({
    onReadEntry: (entry) => {
      const written = write(entry, directory).catch((error: unknown) => {
        errors.push(error);
        entry.resume();
      });
      writes.push(written);
    },
  });
  parser.on('warn', (_code, message) => errors.push(message));
  parser.on('error', (error) => errors.push(error));
  const closed = new Promise<void>((resolve) => parser.once('close', resolve));
  let started = false;
  const feed = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      if (!started && !isTar(chunk)) throw new Error('The file is not an archive of a backup');
      started = true;
      if (errors.length > 0) return;
      if (!parser.write(chunk)) await once(parser, 'drain');
    }
  };
  await pipeline(createReadStream(file), createGunzip(), feed).catch((error: unknown) => errors.push(error));
  if (started) {
    parser.end();
    await closed;
    await Promise.all(writes);
  } else errors.push(new Error('The file is empty'));
  if (errors.length > 0) throw errors[0];
}

/** Recognizes a tar by its magic, so that the library does not try other compressions, which it would leave open. */
const isTar = (chunk: Buffer): boolean => chunk.toString('latin1', 257, 262) === 'ustar';

/** Writes an entry: a backup has directories and files only. */
async function write(entry: ReadEntry, directory: string): Promise<void> {
  const path = join(directory, entry.path);
  if (!path.startsWith(directory + sep)) throw new Error(`"${entry.path}" leads outside of the directory`);
  if (entry.type === 'Directory') {
    entry.resume();
    await mkdir(path, { recursive: true });
  } else if (entry.type === 'File') {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'wx', entry.mode ?? 0o600);
    try {
      // Not by a pipeline: it would destroy the entry on an error such as a full disk, and the parser wait for it.
      for await (const chunk of entry) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  } else throw new Error(`"${entry.path}" is neither a file nor a directory`);
}
