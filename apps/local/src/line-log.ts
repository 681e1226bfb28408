import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 64 * 1024 * 1024;
const FLUSH_MS = 250;
/** Each costs a thread that is woken, and this one when it is done. */
const PIECE_BYTES = 128 * 1024;
/** What waits for a slow disk; more is dropped: the log must never hold up an answer. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;
/** Pieces that were written are filled again: memory that is new each time has to be found, cleared and collected. */
const MAX_SPARE = 4;

/** Lines are written with their line end; `writeAscii` is cheaper, for lines of nothing else. */
export type LineLog = Readonly<{ write(line: string): void; writeAscii(line: string): void; close(): Promise<void> }>;

/** A file of lines, one earlier file kept. */
export function openLineLog(file: string): LineLog {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  let stream: WriteStream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  stream.on('error', () => undefined);
  // Lines become bytes at once: as strings that wait they would outlive the collector's young generation.
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  const spare: (typeof piece)[] = [];
  let used = 0;

  const flush = (): void => {
    if (used === 0) return;
    const full = piece;
    const bytes = full.subarray(0, used);
    used = 0;
    if (stream.writableLength > MAX_PENDING_BYTES) return;
    piece = spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
    if (size > MAX_BYTES) {
      stream.end();
      renameSync(file, `${file}.1`);
      stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
      stream.on('error', () => undefined);
      size = 0;
    }
    size += bytes.length;
    stream.write(bytes, () => {
      if (spare.length < MAX_SPARE) spare.push(full);
    });
  };
  const timer = setInterval(flush, FLUSH_MS);
  timer.unref();
  return {
    write(line) {
      // A letter takes three bytes at most.
      if (used + line.length * 3 > PIECE_BYTES) flush();
      if (line.length * 3 <= PIECE_BYTES) used += piece.write(line, used);
    },
    writeAscii(line) {
      if (used + line.length > PIECE_BYTES) flush();
      if (line.length <= PIECE_BYTES) used += piece.write(line, used, 'latin1');
    },
    async close() {
      clearInterval(timer);
      flush();
      await new Promise<void>((resolve) => stream.end(() => resolve()));
    },
  };
}
