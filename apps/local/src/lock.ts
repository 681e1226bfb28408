import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/**
 * Locks the data directory for one platform. The lock is a symbolic link that names the owner's process id and start.
 * It is created whole in one step and needs no free block, so a full disk does not prevent a start. A dead owner's lock
 * is replaced.
 */
export async function lockData(data: string): Promise<Result<{ release(): void }>> {
  const file = join(data, 'lock');
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    // It may have existed before, readable by all.
    chmodSync(data, 0o700);
    for (let tries = 0; tries < 3; tries++) {
      try {
        symlinkSync(`${process.pid} ${startTime(process.pid)}`, file);
        return ok({ release: () => release(file) });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
        const [pid, started] = ownerIn(file).split(' ');
        if (pid !== undefined && started !== undefined && startTime(Number(pid)) === started) {
          return fail(
            'already_exists',
            'Another platform uses this data directory',
            'Stop it first (Ctrl-C in its terminal), or choose another directory with --data.',
            `process ${pid} uses ${data}`,
          );
        }
        rmSync(file, { force: true });
      }
    }
  } catch (error) {
    return fail(
      'internal',
      `${data} cannot be written`,
      'Check the disk and the owner of the directory, or choose another one with --data.',
      error instanceof Error ? error.message : String(error),
    );
  }
  return fail('internal', `${file} cannot be taken`, 'Remove the file if no platform runs.');
}

function release(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Its owner is about to end: the next one takes it over.
  }
}

/** Returns the owner in a file: versions before this one wrote a file. */
function ownerIn(file: string): string {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file, 'utf8');
  } catch {
    return ''; // released meanwhile
  }
}

/**
 * Returns when a process started, in clock ticks since boot: distinguishes a process id from its reuse. Empty when
 * there is none.
 */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
