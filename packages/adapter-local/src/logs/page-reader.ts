import type { FileHandle } from 'node:fs/promises';
import type { LogLine } from '@anchor/core/logs/log-line.ts';
import { encodePage, type LogPage } from '@anchor/core/logs/log-page.ts';
import { matches } from '@anchor/core/logs/matches.ts';
import type { LogFilter } from '@anchor/core/ports/log-store.ts';
import { forward, offsetAfter, openIfThere } from './log-file.ts';
import type { LogFiles } from './log-files.ts';
import { scanFor } from './log-scan.ts';

/** A page ends with the line that reaches this: mostly one read of 64 KB has it. */
const PAGE_BYTES = 48 * 1024;

/**
 * A position behind the line `n`. `offset` saves the search for it, as long as it is in the same `file`: a rotation renames
 * files, and any process may rotate.
 */
export type LogPosition = Readonly<{ n: number; file?: string; offset?: number }>;
export type PageRead = Readonly<{ page: LogPage; position: LogPosition; more: boolean }>;

/** Reads the lines behind a position, and the position behind them; `more`: the next ones can be read at once. */
export async function readPage(files: LogFiles, filter: LogFilter, position: LogPosition): Promise<PageRead> {
  const opened: FileHandle[] = [];
  try {
    // Opened first: a rotation makes it the previous file, which then is read twice, not skipped.
    const current = await openIfThere(files.current);
    if (current !== undefined) opened.push(current);
    if (current === undefined || identity(await current.stat()) !== position.file) {
      const previous = await openIfThere(files.previous);
      if (previous !== undefined) opened.unshift(previous);
    }
    let at = position;
    for (const [i, handle] of opened.entries()) {
      const read = await pageOf(handle, filter, at);
      at = read.position;
      if (read.more || read.page.length > 0) return { ...read, more: read.more || i < opened.length - 1 };
    }
    return { page: encodePage([]), position: at, more: false };
  } finally {
    for (const handle of opened) await handle.close();
  }
}

async function pageOf(handle: FileHandle, filter: LogFilter, position: LogPosition): Promise<PageRead> {
  const found = await handle.stat();
  const file = identity(found);
  const start =
    position.file === file && position.offset !== undefined
      ? position.offset
      : await offsetAfter(handle, position.n, found.size);
  const lines: LogLine[] = [];
  let { n } = position;
  let offset = start;
  for await (const { line, next } of forward(handle, start, scanFor(filter))) {
    offset = next;
    // A rotation during a read may show lines again.
    if (line !== undefined && line.n > n) {
      n = line.n;
      if (matches(line, filter)) lines.push(line);
    }
    if (offset - start >= PAGE_BYTES) break;
  }
  return { page: encodePage(lines), position: { n, file, offset }, more: offset - start >= PAGE_BYTES };
}

/** An inode is used again once its file is removed. */
const identity = ({ ino, birthtimeMs }: Readonly<{ ino: number; birthtimeMs: number }>): string =>
  `${ino} ${birthtimeMs}`;
