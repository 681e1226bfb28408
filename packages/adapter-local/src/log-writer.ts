import { mkdir, open, rename, type FileHandle } from 'node:fs/promises';
import { splitText } from '@anchor/core/logs/split-text.ts';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { encodeLine, endOf, openIfThere } from './log-file.ts';
import type { LogFiles } from './log-files.ts';

type NewLine = Omit<LogLine, 'n'>;
type Batch = Readonly<{ lines: readonly NewLine[]; resolve: () => void; reject: (error: unknown) => void }>;

/**
 * The one appender of a log: lines that come while a write runs go into the next write together. At `rotateBytes` the
 * file becomes the previous one and the one before it is dropped.
 */
export function logWriter(files: LogFiles, rotateBytes: number): (lines: readonly NewLine[]) => Promise<void> {
  let waiting: Batch[] = [];
  let running = false;
  let lastNumber = 0;
  let knownBytes = -1; // the size at which `lastNumber` is known; another size means that another process wrote

  /** Reads where the log ends, and cuts off a line that a crash left half-written. */
  const catchUp = async (handle: FileHandle): Promise<void> => {
    const { size } = await handle.stat();
    if (size === knownBytes) return;
    const end = await endOf(handle);
    if (end.wholeBytes < size) await handle.truncate(end.wholeBytes);
    knownBytes = end.wholeBytes;
    lastNumber = end.lastNumber > 0 ? end.lastNumber : await lastOfPrevious(files.previous);
  };

  const write = async (lines: readonly NewLine[]): Promise<void> => {
    const handle = await open(files.current, 'a+').catch(async () => {
      await mkdir(files.directory, { recursive: true });
      return await open(files.current, 'a+');
    });
    try {
      await catchUp(handle);
      let n = lastNumber;
      const text = lines.flatMap((line) => splitText(line.text).map((part) => encodeLine({ ...line, text: part, n: ++n }))).join('');
      const bytes = Buffer.from(text);
      knownBytes = -1; // unknown until the write has ended well
      const before = (await handle.stat()).size;
      await handle.appendFile(bytes);
      lastNumber = n;
      knownBytes = before + bytes.length;
    } finally {
      await handle.close();
    }
    if (knownBytes >= rotateBytes) {
      await rename(files.current, files.previous);
      knownBytes = -1;
    }
  };

  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batches = waiting;
      waiting = [];
      try {
        await write(batches.flatMap((batch) => batch.lines));
        for (const batch of batches) batch.resolve();
      } catch (error) {
        for (const batch of batches) batch.reject(error);
      }
    }
    running = false;
  };

  return (lines) =>
    new Promise((resolve, reject) => {
      waiting.push({ lines, resolve, reject });
      if (!running) void run();
    });
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
