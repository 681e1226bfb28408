/**
 * The log file behind the tag invalidations: every process of a deployment appends to it, and one compacts it at times.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
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
      // Another process may have replaced the file between opening and writing, after reading it to its end. Checked
      // while it is open: afterwards its number may be another file's.
      if (tries === MAX_TRIES || statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(descriptor).ino) return;
    } finally {
      closeSync(descriptor);
    }
  }
}

/**
 * Compacts the log: replaces its first `length` bytes by an equivalent text and keeps lines appended meanwhile. Does
 * nothing while another process compacts it. `read` is called under the lock: an earlier read may be of another file.
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
      // Read after the switch: a writer that appends to the old file from here on sees that it is no longer the log.
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
