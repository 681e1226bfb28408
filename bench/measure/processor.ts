import { readFileSync } from 'node:fs';

/** Hundredths of a second, as Linux counts them for every process. */
const TICKS_A_SECOND = 100;

/** Seconds of processor that the processes have taken so far, in user and kernel mode. One that has ended counts nothing. */
export function processorSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It is gone.
    }
  }
  return ticks / TICKS_A_SECOND;
}
