import { decodeLine, encodeLine } from './line-json.ts';
import type { LogLine } from './log-line.ts';

/**
 * Lines of a log in UTF-8: each is JSON that starts with its number, `{"n":1,`, and ends with a newline. A page crosses
 * threads and reaches a client as bytes, so that no line of it becomes an object that a collector has to look at.
 */
export type LogPage = Uint8Array<ArrayBuffer>;

const NEWLINE = 0x0a;
const NUMBER_AT = '{"n":'.length;
const ZERO = 0x30;

export const encodePage = (lines: readonly LogLine[]): LogPage =>
  new TextEncoder().encode(lines.map(encodeLine).join(''));

/** Yields the number of each line, and where its JSON starts and ends. */
export function* lineBounds(page: LogPage): Generator<Readonly<{ n: number; start: number; end: number }>> {
  let start = 0;
  for (let end = page.indexOf(NEWLINE); end >= 0; end = page.indexOf(NEWLINE, start)) {
    let n = 0;
    for (let at = start + NUMBER_AT; at < end; at++) {
      const digit = (page[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      n = n * 10 + digit;
    }
    yield { n, start, end };
    start = end + 1;
  }
}

/** Yields the lines themselves. */
export function* linesOf(page: LogPage): Generator<LogLine> {
  const decoder = new TextDecoder();
  for (const { start, end } of lineBounds(page)) {
    const line = decodeLine(decoder.decode(page.subarray(start, end)));
    if (line !== undefined) yield line;
  }
}
