/**
 * Returns why a process could not start, as text for a user, when the machine is the cause: a full, read-only or
 * failing disk. Undefined for a fault of the code.
 */
export function machineFailure(error: unknown, data: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${codeOf(error)} ${error.message}`;
  for (const [pattern, message, fix] of FAILURES) {
    if (pattern.test(text))
      return `${message.replaceAll('DATA', data)} (${error.message}). ${fix.replaceAll('DATA', data)}`;
  }
  return undefined;
}

/** Returns an error's code: Node's errors have a name, those of SQLite a number. */
const codeOf = (error: Error): string =>
  'errcode' in error ? `SQLITE_${Number(error.errcode) & 0xff}` : 'code' in error ? String(error.code) : '';

const FAILURES: readonly (readonly [pattern: RegExp, message: string, fix: string])[] = [
  [
    /\b(?:ENOSPC|EDQUOT|SQLITE_13)\b|No space left|disk is full/,
    'The disk that holds DATA is full',
    'Free space on it (df -h DATA); the platform then continues by itself.',
  ],
  [
    /\bEROFS\b|[Rr]ead-only file system|SQLITE_8\b/,
    'The disk that holds DATA is read-only',
    'Check the kernel log (dmesg), and mount it writable: mount -o remount,rw',
  ],
  [
    /\b(?:EIO|SQLITE_10)\b/,
    'The disk that holds DATA reports errors',
    'Check the kernel log (dmesg), and move the data to another disk: ./up --data DIR --restore FILE',
  ],
  [
    /\b(?:SQLITE_11|SQLITE_26)\b|malformed|not a database/,
    'The database in DATA is damaged',
    'Restore a backup: ./up --restore FILE',
  ],
  [/\b(?:EMFILE|ENFILE)\b/, 'The machine has no file handles left', 'Raise the limit (ulimit -n) and restart.'],
];
