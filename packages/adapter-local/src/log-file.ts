import { open, type FileHandle } from 'node:fs/promises';
import { LOG_LEVELS, type LogLine } from '@anchor/core/logs/log-line.ts';
import { isCode } from './files.ts';

/**
 * One JSONL file of log lines. A line begins `{"n":<number>,`, and the numbers grow: so a line is found by bisecting the
 * file, without any index beside it. The bytes behind the last newline are a line still being written.
 */
const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;

export const encodeLine = (line: LogLine): string => {
  const { n, at, level, text, step, requestId } = line;
  return `${JSON.stringify({ n, at, level, step, requestId, text })}\n`;
};

/** Undefined for what a crash or a stranger left: such a line is skipped. */
export function decodeLine(bytes: Buffer): LogLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('n' in value) || !('at' in value) || !('level' in value) || !('text' in value)) return undefined;
  const level = LOG_LEVELS.find((known) => known === value.level);
  if (typeof value.n !== 'number' || typeof value.at !== 'number' || typeof value.text !== 'string' || level === undefined) return undefined;
  return {
    n: value.n, at: value.at, level, text: value.text,
    ...('step' in value && typeof value.step === 'string' ? { step: value.step } : {}),
    ...('requestId' in value && typeof value.requestId === 'string' ? { requestId: value.requestId } : {}),
  };
}

export const openIfThere = async (file: string): Promise<FileHandle | undefined> =>
  await open(file, 'r').catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  });

const numberOf = (bytes: Buffer): number | undefined => {
  const match = /^\{"n":(\d{1,15})[,}]/.exec(bytes.toString('latin1', 0, 32));
  return match === null ? undefined : Number(match[1]);
};

/** Byte offset of the first line with a number above `after`, among the whole lines before `end`. */
export async function offsetAfter(handle: FileHandle, after: number, end: number): Promise<number> {
  let low = 0; // a line starts here, and every line before it is numbered `after` or less
  let high = end; // every line that starts here or later is numbered above `after`
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const found = await firstNumbered(handle, middle, low, high);
    if (found === undefined || found.n > after) high = middle;
    else low = found.next;
  }
  return low;
}

/** The first numbered line that starts at or after `from` and before `end`; a line starts at `lineStart`. */
async function firstNumbered(handle: FileHandle, from: number, lineStart: number, end: number): Promise<{ n: number; next: number } | undefined> {
  let start = from === lineStart ? from : await nextLine(handle, from - 1, end);
  while (start < end) {
    const next = await nextLine(handle, start, Number.MAX_SAFE_INTEGER);
    const head = Buffer.alloc(Math.min(32, next - start));
    await handle.read(head, 0, head.length, start);
    const n = numberOf(head);
    if (n !== undefined) return { n, next };
    start = next;
  }
  return undefined;
}

/** The offset behind the first newline at or after `from`; `end` when there is none before the file's end. */
async function nextLine(handle: FileHandle, from: number, end: number): Promise<number> {
  const buffer = Buffer.alloc(4096);
  for (let at = from; at < end; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return end === Number.MAX_SAFE_INTEGER ? at : end;
    const newline = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
    if (newline >= 0) return at + newline + 1;
    at += bytesRead;
  }
  return end;
}

/** Whole lines from `start` on, in chunks, with the offset behind each; stops at the last newline of the file. */
export async function* forward(handle: FileHandle, start: number): AsyncGenerator<Readonly<{ line: LogLine | undefined; next: number }>> {
  let rest = Buffer.alloc(0);
  let at = start;
  let next = start;
  for (;;) {
    const chunk = Buffer.alloc(CHUNK);
    const { bytesRead } = await handle.read(chunk, 0, CHUNK, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let from = 0;
    for (let newline = rest.indexOf(NEWLINE); newline >= 0; newline = rest.indexOf(NEWLINE, from)) {
      const line = decodeLine(rest.subarray(from, newline));
      next += newline + 1 - from;
      from = newline + 1;
      yield { line, next };
    }
    rest = rest.subarray(from);
  }
}

/** Whole lines from the end towards the start. */
export async function* backward(handle: FileHandle): AsyncGenerator<LogLine> {
  const { size } = await handle.stat();
  let rest: Buffer | undefined; // bytes before the first newline seen so far; undefined until one is seen
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    end = start;
    let stop = chunk.length;
    for (let newline = chunk.lastIndexOf(NEWLINE); newline >= 0; newline = newline === 0 ? -1 : chunk.lastIndexOf(NEWLINE, newline - 1)) {
      if (rest !== undefined) {
        const line = decodeLine(Buffer.concat([chunk.subarray(newline + 1, stop), rest]));
        if (line !== undefined) yield line;
      }
      rest = Buffer.alloc(0);
      stop = newline;
    }
    if (rest !== undefined) rest = Buffer.concat([chunk.subarray(0, stop), rest]);
  }
  const first = rest === undefined ? undefined : decodeLine(rest);
  if (first !== undefined) yield first;
}

/** Where the whole lines end and the number of the last one: what an appender must know. */
export async function endOf(handle: FileHandle): Promise<Readonly<{ lastNumber: number; wholeBytes: number }>> {
  const { size } = await handle.stat();
  let wholeBytes = 0;
  for (let end = size; end > 0 && wholeBytes === 0; ) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    wholeBytes = chunk.includes(NEWLINE) ? start + chunk.lastIndexOf(NEWLINE) + 1 : 0;
    end = start;
  }
  for await (const line of backward(handle)) return { lastNumber: line.n, wholeBytes };
  return { lastNumber: 0, wholeBytes };
}
