/** The file behind the tag clock: appended to by every process of a deployment, now and then written anew by one of them. */
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_TRIES = 5;
const LOCK_TIMEOUT_MS = 10_000;

/** Appends whole lines. Throws when the disk refuses. */
export function appendToLog(file: string, lines: string): void {
  for (let tries = 1; ; tries++) {
    mkdirSync(dirname(file), { recursive: true });
    const descriptor = openSync(file, 'a'); // one write with O_APPEND: lines of two processes never mix
    try {
      writeSync(descriptor, lines);
      // Another process may have replaced the file between opening and writing, having read it to its end before. Looked
      // at while it is open: afterwards its number may be another file's.
      if (tries === MAX_TRIES || statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino) return;
    } finally {
      closeSync(descriptor);
    }
  }
}

/**
 * Replaces the log by a text which says all that its first `length` bytes do. Lines that are appended meanwhile are
 * taken along. Does nothing while another process does it. `read` is asked once nobody else replaces the log any more:
 * what was read before may have been another file.
 */
export function shortenLog(file: string, read: () => Readonly<{ length: number; text: string }>): void {
  const lock = `${file}.lock`;
  if (!take(lock)) return;
  try {
    const { length, text } = read();
    const old = openSync(file, 'r');
    try {
      const temporary = `${file}.${randomBytes(12).toString('hex')}`;
      try {
        writeFileSync(temporary, text, { flag: 'wx' });
        renameSync(temporary, file);
      } catch (cause) {
        rmSync(temporary, { force: true });
        throw cause;
      }
      // Read after the switch: whoever appends to the old file from here on sees that it is not the log any more.
      const rest = Buffer.alloc(Math.max(0, fstatSync(old).size - length));
      const count = readSync(old, rest, 0, rest.length, length);
      if (count > 0) appendToLog(file, rest.toString('utf8', 0, count));
    } finally {
      closeSync(old);
    }
  } finally {
    unlinkSync(lock);
  }
}

function take(lock: string): boolean {
  for (let tries = 0; tries < 2; tries++) {
    try {
      closeSync(openSync(lock, 'wx'));
      return true;
    } catch {
      const found = statSync(lock, { throwIfNoEntry: false });
      if (found === undefined || Date.now() - found.mtimeMs < LOCK_TIMEOUT_MS) return false;
      unlinkSync(lock);
    }
  }
  return false;
}
