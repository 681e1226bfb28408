import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { TOOL_ENV } from '@anchor/sandbox-linux/command.ts';

const PATIENCE_MS = 60_000;

/**
 * Removes files below a directory that were not written for `minutes`, but for `retained` at its top. A function may swap
 * directories for links meanwhile, so it runs as that function's own user, which can remove nothing of others.
 */
export async function removeOlder(directory: string, uid: number, minutes: number, retained: string): Promise<void> {
  const age = minutes === 0 ? [] : ['-mmin', `+${minutes}`];
  const child = spawn(
    'find',
    ['.', '-xdev', '-mindepth', '1', '!', '-type', 'd', '!', '-path', `./${retained}`, ...age, '-delete'],
    { cwd: directory, uid, gid: uid, env: TOOL_ENV, stdio: 'ignore' },
  );
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  try {
    if (child.pid !== undefined) setPriority(child.pid, 10);
    await once(child, 'close');
  } catch {
    // It has ended meanwhile, or the directory has.
  } finally {
    clearTimeout(timer);
  }
}
