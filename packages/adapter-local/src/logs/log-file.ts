import { open, type FileHandle } from 'node:fs/promises';
import { decodeLine } from '@anchor/core/logs/line-json.ts';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { FULL_SCAN, type LogScan } from './log-scan.ts';

/**
 * One JSONL file of log lines. A line starts with `{"n":<number>,`, and the numbers grow, so a line is found by
 * bisecting the file, without an index. The bytes behind the last newline are a line still being written.
 */
const CHUNK = 64 * 1024;
const NEWLINE = 0x0a;
/** Lines that are parsed in one turn of the event loop. */
const LINES_PER_TURN = 100;

export const openIfThere = async (file: string): Promise<FileHandle | undefined> =>
  await open(file, 'r').catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  });

const numberOf = (bytes: Buffer): number | undefined => {
  const match = /^\{"n":(\d{1,15})[,}]/.exec(bytes.toString('latin1', 0, 32));
  return match === null ? undefined : Number(match[1]);
};

/** Returns the byte offset of the first line with a number above `after`, among the complete lines before `end`. */
export async function offsetAfter(handle: FileHandle, after: number, end: number): Promise<number> {
  if (after < 1) return 0;
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

/** Returns the first numbered line that starts at or after `from` and before `end`; a line starts at `lineStart`. */
async function firstNumbered(
  handle: FileHandle,
  from: number,
  lineStart: number,
  end: number,
): Promise<{ n: number; next: number } | undefined> {
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

/** Returns the offset behind the first newline at or after `from`; `end` when there is none before the file's end. */
async function nextLine(handle: FileHandle, from: number, end: number): Promise<number> {
  const buffer = Buffer.alloc(4096);
  for (let at = from; at < end;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return end === Number.MAX_SAFE_INTEGER ? at : end;
    const newline = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
    if (newline >= 0) return at + newline + 1;
    at += bytesRead;
  }
  return end;
}

/**
 * Yields complete lines from `start` on with the offset behind each; stops at the last newline of the file. Without a
 * line: the bytes before this offset hold none that is selected.
 */
export async function* forward(
  handle: FileHandle,
  start: number,
  scan: LogScan = FULL_SCAN,
): AsyncGenerator<Readonly<{ line: LogLine | undefined; next: number }>> {
  let rest = Buffer.alloc(0);
  let at = start;
  let next = start;
  let parsed = 0;
  for (;;) {
    const chunk = Buffer.alloc(CHUNK);
    const { bytesRead } = await handle.read(chunk, 0, CHUNK, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    await scan.turn();
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const end = rest.lastIndexOf(NEWLINE) + 1;
    if (end > 0 && !scan.mayMatch(rest.subarray(0, end))) {
      next += end;
      rest = rest.subarray(end);
      yield { line: undefined, next };
      continue;
    }
    let from = 0;
    for (let newline = rest.indexOf(NEWLINE); newline >= 0; newline = rest.indexOf(NEWLINE, from)) {
      if (++parsed % LINES_PER_TURN === 0) await scan.turn();
      const line = decodeLine(rest.toString('utf8', from, newline));
      next += newline + 1 - from;
      from = newline + 1;
      yield { line, next };
    }
    rest = rest.subarray(from);
  }
}

/** Yields complete lines from the end towards the start. */
export async function* backward(handle: FileHandle, scan: LogScan = FULL_SCAN): AsyncGenerator<LogLine> {
  const { size } = await handle.stat();
  let tail: Buffer | undefined; // the end of a line that starts further up; undefined until the last newline is seen
  let parsed = 0;
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    end = start;
    await scan.turn();
    const block = tail === undefined ? chunk.subarray(0, chunk.lastIndexOf(NEWLINE) + 1) : Buffer.concat([chunk, tail]);
    if (block.length === 0) continue;
    // It ends with a newline, so there is a first one.
    const from = start === 0 ? 0 : block.indexOf(NEWLINE) + 1;
    tail = block.subarray(0, from);
    const lines = block.subarray(from);
    if (!scan.mayMatch(lines)) continue;
    for (let stop = lines.length - 1; stop >= 0;) {
      if (++parsed % LINES_PER_TURN === 0) await scan.turn();
      const newline = stop === 0 ? -1 : lines.lastIndexOf(NEWLINE, stop - 1);
      const line = decodeLine(lines.toString('utf8', newline + 1, stop));
      stop = newline;
      if (line !== undefined) yield line;
    }
  }
}

/** Returns where the complete lines end and the number of the last one, which an appender needs. */
export async function endOf(handle: FileHandle): Promise<Readonly<{ lastNumber: number; wholeBytes: number }>> {
  const { size } = await handle.stat();
  let wholeBytes = 0;
  for (let end = size; end > 0 && wholeBytes === 0;) {
    const start = Math.max(0, end - CHUNK);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    wholeBytes = chunk.includes(NEWLINE) ? start + chunk.lastIndexOf(NEWLINE) + 1 : 0;
    end = start;
  }
  for await (const line of backward(handle)) return { lastNumber: line.n, wholeBytes };
  return { lastNumber: 0, wholeBytes };
}
