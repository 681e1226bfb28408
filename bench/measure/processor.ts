import { readFileSync } from 'node:fs';

/** Linux reports processor time of a process in hundredths of a second (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * Returns the seconds of processor time, user and kernel, that the processes have taken so far. Throws when one of them
 * has exited: its time is lost, and the figure would be too low.
 */
export function processorSeconds(pids: readonly number[]): number {
  if (pids.length === 0) throw new Error('no process to read the processor time of');
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / TICKS_PER_SECOND;
}

function ticksOf(pid: number): number {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (cause) {
    throw new Error(`process ${pid} exited during the measurement`, { cause });
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
