import { readFileSync } from 'node:fs';
import type { Vital } from './stall-detector.ts';

/** Linux counts in hundredths of a second here, on every architecture. */
const TICK_MS = 10;

/** Returns state, processor time, reads and writes of a process's main thread; undefined when it has exited. */
export function vitalOf(pid: number): Vital | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, calls: callsOf(pid) };
  } catch {
    return undefined;
  }
}

function callsOf(pid: number): number | undefined {
  try {
    const io = readFileSync(`/proc/${pid}/task/${pid}/io`, 'utf8');
    const [reads, writes] = [/^syscr: (\d+)$/m, /^syscw: (\d+)$/m].map((pattern) => pattern.exec(io)?.[1]);
    return reads === undefined || writes === undefined ? undefined : Number(reads) + Number(writes);
  } catch {
    return undefined;
  }
}
