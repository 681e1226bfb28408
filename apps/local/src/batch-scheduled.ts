import { spawnSync } from 'node:child_process';
import { release } from 'node:os';

/**
 * What starts a program, written before it, as one that does not interrupt others when it wakes (`SCHED_BATCH`; the
 * program keeps the process id). Empty where util-linux's `chrt` is missing or not allowed to, and where builds would not
 * be interrupted either: all works without it.
 *
 * For edge workers. On cores that are all busy each piece of an answer that a function writes wakes the edge, which
 * otherwise takes the core from the function at once, for that one piece: two switches a write. Now it waits until the
 * function does, or until the end of its turn, and finds several pieces: a request costs the edge half, and a route
 * handler is answered a fifth more often. On an idle core it wakes as fast as ever, and whatever runs in a group that is
 * idle, as builds do (`cpu.idle`), is interrupted as before. See sched(7), and check_preempt_wakeup_fair in the kernel's fair.c.
 */
export function batchScheduled(env: NodeJS.ProcessEnv, kernel: string = release()): readonly string[] {
  if (!interruptsIdleGroups(kernel)) return [];
  const prefix = ['chrt', '-b', '0'];
  const [program = '', ...args] = [...prefix, 'true'];
  return spawnSync(program, args, { env: { PATH: env['PATH'] }, stdio: 'ignore', timeout: PROBE_MS }).status === 0 ? prefix : [];
}

const PROBE_MS = 2_000;

/** Before 6.12 the kernel looked at the policy of who wakes first, and only then at the groups. */
function interruptsIdleGroups(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major > 6 || (major === 6 && minor >= 12);
}
