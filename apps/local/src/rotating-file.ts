import { createWriteStream, mkdirSync, renameSync, statfs, statSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 64 * 1024 * 1024;
const FLUSH_MS = 250;
/** Each costs a thread that is woken, and this one when it is done. */
const CHUNK_BYTES = 128 * 1024;
/** Limit of what is buffered for a slow disk; more is dropped, because the log must never delay a response. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;
/** With less free disk than this no lines are written. */
const MIN_FREE_BYTES = 64 * 1024 * 1024;
const SPACE_CHECK_MS = 2_000;
/** Buffers that were written are filled again: memory that is new each time has to be found, cleared and collected. */
const MAX_FREE_BUFFERS = 4;

/** A file of lines, one earlier file kept. Writing never throws: a log must not end the process that serves. */
export class RotatingFile {
  readonly #file: string;
  readonly #flushing: NodeJS.Timeout;
  readonly #checking: NodeJS.Timeout;
  // Lines become bytes at once: as strings that wait they would outlive the collector's young generation.
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  readonly #freeBuffers: ReturnType<typeof Buffer.allocUnsafeSlow>[] = [];
  #used = 0;
  #size = 0;
  #stream: WriteStream | undefined;
  #paused = false;

  constructor(file: string) {
    this.#file = file;
    this.#start();
    this.#flushing = setInterval(() => this.#flush(), FLUSH_MS).unref();
    this.#checking = setInterval(() => this.#checkSpace(), SPACE_CHECK_MS).unref();
  }

  /** Writes a line, given with its line end. */
  write(line: string): void {
    // A letter takes three bytes at most.
    if (this.#used + line.length * 3 > CHUNK_BYTES) this.#flush();
    if (line.length * 3 <= CHUNK_BYTES) this.#used += this.#chunk.write(line, this.#used);
  }

  /** Is cheaper, for lines of nothing but ASCII. */
  writeAscii(line: string): void {
    if (this.#used + line.length > CHUNK_BYTES) this.#flush();
    if (line.length <= CHUNK_BYTES) this.#used += this.#chunk.write(line, this.#used, 'latin1');
  }

  async close(): Promise<void> {
    clearInterval(this.#flushing);
    clearInterval(this.#checking);
    this.#flush();
    const last = this.#stream;
    if (last !== undefined && !last.destroyed)
      await new Promise<void>((resolve) => last.once('error', () => resolve()).end(() => resolve()));
  }

  #start(): void {
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      this.#size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
    } catch {
      this.#size = 0;
    }
    const made = createWriteStream(this.#file, { flags: 'a', mode: 0o600 });
    // Such as on a full disk, or when its folder was removed: opened again with the next lines.
    made.on('error', () => {
      if (this.#stream === made) this.#stream = undefined;
    });
    this.#stream = made;
  }

  #flush(): void {
    if (this.#used === 0) return;
    const full = this.#chunk;
    const bytes = full.subarray(0, this.#used);
    this.#used = 0;
    if (this.#stream === undefined) this.#start();
    if (this.#paused || this.#stream === undefined || this.#stream.writableLength > MAX_PENDING_BYTES) return;
    this.#chunk = this.#freeBuffers.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    if (this.#size > MAX_BYTES) this.#rotate();
    this.#size += bytes.length;
    this.#stream.write(bytes, () => {
      if (this.#freeBuffers.length < MAX_FREE_BUFFERS) this.#freeBuffers.push(full);
    });
  }

  #rotate(): void {
    this.#stream?.end();
    try {
      renameSync(this.#file, `${this.#file}.1`);
    } catch {
      // Removed or moved by another program, or the disk takes no name: a new file is started, or this one continues.
    }
    this.#start();
  }

  /** Reserves the last of a disk for the control plane: see disk-reserve.ts. */
  #checkSpace(): void {
    statfs(dirname(this.#file), (error, stats) => {
      this.#paused = error === null && stats.bavail * stats.bsize < MIN_FREE_BYTES;
    });
  }
}
