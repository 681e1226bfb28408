import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { children, tryWrite } from './cgroup-files.ts';

/** One more sandbox is in the group, which is there. Call the answer when it has gone. */
export type Yielding = () => () => void;

const LOOK_MS = 1_000;
/** A twentieth of a core since the last look, in the kernel's hundredths of a second: then it moves on. */
const ENOUGH_TICKS = (LOOK_MS / 1_000) * 5;

/**
 * All work that can wait is in one group beside everything else of the machine, and yields: whatever wakes up takes the
 * processor from it at once, where a small share alone lets it end its turn first. Such a group gets nothing while
 * something else always wants the processor, so it is looked after: a second in which it hardly ran is followed by one
 * with its small share (`light`: a file of the group and what goes into it), which is also what old kernels have.
 */
export function createYielding(group: string, light: readonly [file: string, value: string], lookMs: number = LOOK_MS): Yielding {
  let sandboxes = 0;
  let timer: NodeJS.Timeout | undefined;
  let seen: ReadonlyMap<string, number> = new Map();

  const set = (yields: boolean): void => {
    const written = tryWrite(join(group, 'cpu.idle'), yields ? '1' : '0');
    if (!written || !yields) tryWrite(join(group, light[0]), light[1]);
  };
  const look = (): void => {
    const now = ticksOf(group);
    let used = 0;
    for (const [pid, ticks] of now) used += ticks - (seen.get(pid) ?? 0);
    seen = now;
    set(used >= ENOUGH_TICKS);
  };
  return () => {
    // The group may have been removed with its last sandbox, and made again.
    set(true);
    if (sandboxes++ === 0 && existsSync(join(group, 'cpu.idle'))) timer = setInterval(look, lookMs).unref();
    let ended = false;
    return () => {
      if (!ended && --sandboxes === 0) clearInterval(timer);
      ended = true;
    };
  };
}

/** What each process in the groups of a group's owners has had of the processor, by process id. What it started and has ended is not among it. */
function ticksOf(group: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const owner of children(group)) {
    for (const name of children(join(group, owner))) {
      for (const pid of contentOf(join(group, owner, name, 'cgroup.procs')).split('\n').filter(Boolean)) {
        const stat = contentOf(`/proc/${pid}/stat`);
        const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        found.set(pid, Number(user ?? 0) + Number(system ?? 0));
      }
    }
  }
  return found;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
