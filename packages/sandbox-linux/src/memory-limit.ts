import { readFileSync } from 'node:fs';
import { run } from './command.ts';

/**
 * Limits the growth of this process to a number of MiB (RLIMIT_DATA): a flood in one edge worker then ends that worker,
 * which is restarted, and not the machine. It also works where we cannot create control groups. Counted from the memory
 * reserved now: Node reserves half a gigabyte that it never touches.
 */
export async function limitOwnMemory(growMb: number): Promise<boolean> {
  const now = /^VmData:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (now === undefined) return false;
  const bytes = (Number(now) + growMb * 1_024) * 1_024;
  return (await run(['prlimit', '--pid', String(process.pid), `--data=${bytes}:${bytes}`])).code === 0;
}
