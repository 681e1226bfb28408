import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_MS = 10 * 60_000;

/** In a process of its own: a large database takes seconds, and a damaged one may do worse. */
const PROGRAM = `
const { DatabaseSync } = require('node:sqlite');
const db = new DatabaseSync(process.argv[1], { readOnly: true, timeout: 5000 });
process.stdout.write(String(db.prepare('PRAGMA quick_check(1)').get().quick_check));`;

/**
 * Reads every page of a database beside its work. Returns what is damaged, undefined when it is whole; throws when it
 * could not be checked.
 */
export async function checkDatabase(file: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', '-e', PROGRAM, file], {
      timeout: MAX_MS,
      env: {},
      maxBuffer: 1_048_576,
    });
    return stdout === 'ok' ? undefined : stdout.slice(0, 500);
  } catch (error) {
    const message = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const damage = /(?:malformed|not a database)[^\n]*/.exec(message)?.[0];
    if (damage === undefined) throw error;
    return damage;
  }
}
