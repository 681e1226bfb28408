import { readFileSync } from 'node:fs';

/** Returns the host's id of the sandbox's first process, from bubblewrap's status pipe. */
export const firstProcess = (status: string): number | undefined => {
  const found = /"child-pid"\s*:\s*(\d+)/.exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
};

/** Returns the program: the second process in the sandbox, and a child of the first. */
export const programOf = (first: number): number | undefined => {
  try {
    const children = readFileSync(`/proc/${first}/task/${first}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
    return children.find((pid) => /^NSpid:.*\t2$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
  } catch {
    return undefined;
  }
};

const STUCK_CHECK_MS = 1_000;
/** On a machine where builds get no processor for a while, what ended well needs longer to be taken up. */
const [STOPPED_CHECKS, ENDED_CHECKS] = [2, 12];

/**
 * Watches the first process of a sandbox, which reports the program's exit. The program runs as the same user and can
 * stop it or overwrite it; its exit would then be awaited until the time limit. So a first process that is stopped, or
 * does not reap the program, is killed after some checks. The returned function ends the watch.
 */
export const watchFirst = (first: () => number | undefined, stuck: () => void): (() => void) => {
  let seen = false;
  let checks = 0;
  const timer = setInterval(() => {
    const pid = first();
    if (pid === undefined) return;
    const program = programOf(pid);
    seen ||= program !== undefined;
    const stopped = /[Tt]/.test(stateOf(pid));
    const ended = seen && (program === undefined || stateOf(program) === 'Z');
    checks = stopped || ended ? checks + 1 : 0;
    if (checks >= (stopped ? STOPPED_CHECKS : ENDED_CHECKS)) stuck();
  }, STUCK_CHECK_MS).unref();
  return () => clearInterval(timer);
};

/** Returns the state, R, S, D, T, t, Z … of proc(5); empty when the process has ended. */
const stateOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.charAt(stat.lastIndexOf(')') + 2);
  } catch {
    return '';
  }
};
