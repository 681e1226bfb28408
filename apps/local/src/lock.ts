import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** One platform a data directory: a file with the process id of the one that runs. A dead owner's lock is taken over. */
export async function lockData(data: string): Promise<Result<{ release(): void }>> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  // It may have been there before us, open to everybody.
  chmodSync(data, 0o700);
  const file = join(data, 'lock');
  for (let tries = 0; tries < 3; tries++) {
    try {
      const fd = openSync(file, 'wx', 0o600);
      writeSync(fd, `${process.pid} ${startTime(process.pid)}`);
      closeSync(fd);
      return ok({ release: () => rmSync(file, { force: true }) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return fail('internal', `${data} can not be written`, 'Choose another directory with --data.', String(error));
      const [pid, started] = readFileSync(file, 'utf8').split(' ');
      if (pid !== undefined && started !== undefined && startTime(Number(pid)) === started) {
        return fail('already_exists', 'A platform runs on this data directory already', 'Stop it first (Ctrl-C in its terminal), or choose another directory with --data.', `process ${pid} uses ${data}`);
      }
      rmSync(file, { force: true });
    }
  }
  return fail('internal', `${file} can not be taken`, 'Remove the file if no platform runs.');
}

/** When a process started, in clock ticks since boot: tells a process id from its reuse. Empty when there is none. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
