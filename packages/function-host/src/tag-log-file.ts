import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { hasErrorCode } from '@anchor/core/result/has-error-code.ts';
import { removeTree } from '@anchor/sandbox-linux/remove-tree.ts';

/** A longer log is not a record of invalidated tags. */
export const MAX_TAG_LOG_BYTES = 64 * 1_048_576;

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * Reads a log. A function can have put anything under that name, so only a plain file of a sensible size is accepted.
 */
export async function readTagLog(path: string): Promise<Buffer | undefined> {
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= MAX_TAG_LOG_BYTES ? await file.readFile() : undefined;
  } finally {
    await file.close();
  }
}

/**
 * Adds the lines of another log, unless they are a continuation of what it has: then only the new ones. A function can
 * have replaced the log by anything: links are not followed, and what is no plain file is removed. Throws `ENOSPC`.
 */
export async function addToTagLog(path: string, lines: Buffer): Promise<void> {
  const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  let file = await open(path, flags, 0o600).catch((error: unknown) => {
    if (hasErrorCode(error, 'ENOSPC')) throw error;
    return undefined;
  });
  if (file === undefined || !(await file.stat()).isFile()) {
    await file?.close();
    await removeTree(path);
    file = await open(path, flags, 0o600);
  }
  try {
    const { size } = await file.stat();
    const present = size <= lines.length ? await file.readFile() : undefined;
    if (present?.equals(lines.subarray(0, present.length)) === true)
      return await file.appendFile(lines.subarray(present.length));
    // The last line may have been cut off by a crash.
    await file.appendFile('\n');
    await file.appendFile(lines);
  } finally {
    await file.close();
  }
}
