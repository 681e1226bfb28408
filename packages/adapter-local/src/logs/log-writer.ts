import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { encodeLine } from '@anchor/core/logs/line-json.ts';
import { splitText } from '@anchor/core/logs/split-text.ts';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { endOf, openIfThere } from './log-file.ts';
import type { LogFiles } from './log-files.ts';

type NewLine = Omit<LogLine, 'n'>;
type Batch = Readonly<{ lines: readonly NewLine[]; resolve: () => void; reject: (error: unknown) => void }>;

/**
 * Creates the one appender of a log: lines that arrive during a write go into the next write together. At `rotateBytes`
 * the file becomes the previous one and the one before it is dropped.
 */
export class LogWriter {
  readonly #files: LogFiles;
  readonly #rotateBytes: number;
  #pending: Batch[] = [];
  #running = false;
  #lastNumber = 0;
  #knownBytes = -1; // the size at which `#lastNumber` is known; another size means that another process wrote

  constructor(files: LogFiles, rotateBytes: number) {
    this.#files = files;
    this.#rotateBytes = rotateBytes;
  }

  /** Resolves when the lines are in the file. */
  append(lines: readonly NewLine[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ lines, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#pending.length > 0) {
      const batches = this.#pending;
      this.#pending = [];
      try {
        await this.#write(batches.flatMap((batch) => batch.lines));
        for (const batch of batches) batch.resolve();
      } catch (error) {
        for (const batch of batches) batch.reject(error);
      }
    }
    this.#running = false;
  }

  async #write(lines: readonly NewLine[]): Promise<void> {
    const { current, previous, directory } = this.#files;
    const handle = await open(current, 'a+').catch(async () => {
      await mkdir(directory, { recursive: true });
      return await open(current, 'a+');
    });
    try {
      await this.#catchUp(handle);
      let n = this.#lastNumber;
      const text = lines
        .flatMap((line) => splitText(line.text).map((part) => encodeLine({ ...line, text: part, n: ++n })))
        .join('');
      const bytes = Buffer.from(text);
      this.#knownBytes = -1; // unknown until the write has ended well
      const before = (await handle.stat()).size;
      await handle.appendFile(bytes);
      this.#lastNumber = n;
      this.#knownBytes = before + bytes.length;
    } finally {
      await handle.close();
    }
    if (this.#knownBytes >= this.#rotateBytes) {
      await rename(current, previous);
      this.#knownBytes = -1;
    }
  }

  /** Reads where the log ends, and cuts off a line that a crash left half-written. */
  async #catchUp(handle: FileHandle): Promise<void> {
    const { size } = await handle.stat();
    if (size === this.#knownBytes) return;
    const end = await endOf(handle);
    if (end.wholeBytes < size) await handle.truncate(end.wholeBytes);
    this.#knownBytes = end.wholeBytes;
    this.#lastNumber = end.lastNumber > 0 ? end.lastNumber : await lastOfPrevious(this.#files.previous);
  }
}

async function lastOfPrevious(file: string): Promise<number> {
  const handle = await openIfThere(file);
  if (handle === undefined) return 0;
  try {
    return (await endOf(handle)).lastNumber;
  } finally {
    await handle.close();
  }
}
