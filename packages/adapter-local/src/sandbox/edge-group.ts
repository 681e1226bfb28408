import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeEmpty, tryWrite } from './cgroup-files.ts';
import { instanceOf } from './identity.ts';

export type EdgeGroup = Readonly<{ leave(): void }>;

/**
 * Puts this process, an edge worker, into one control group with its siblings, `anchor-<instance>-edge`, of the weight that
 * every group and session has. Without it each worker is a session of its own to the scheduler (`sched_autogroup`), which
 * then gives turns of many milliseconds to it and to whatever else asks for the same processor: the p99 of a stored page
 * beside a busy program was 25 ms, and is 5. Where it is not to be had all works without.
 */
export function joinEdgeGroup(data: string): EdgeGroup {
  try {
    const place = processorGroups(readFileSync('/proc/self/mounts', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
    if (place === undefined) return ALONE;
    const { root, own, unified } = place;
    const group = join(root, `anchor-${instanceOf(data)}-edge`);
    mkdirSync(group, { recursive: true });
    if (unified) tryWrite(join(root, 'cgroup.subtree_control'), '+cpu');
    writeFileSync(join(group, 'cgroup.procs'), '0');
    return {
      leave() {
        // Only an empty group can be removed: whoever leaves last does.
        if (tryWrite(join(root, own, 'cgroup.procs'), '0') || tryWrite(join(root, 'cgroup.procs'), '0')) removeEmpty(group);
      },
    };
  } catch {
    return ALONE;
  }
}

const ALONE: EdgeGroup = { leave: () => undefined };

/** The hierarchy that divides processors, and the group in it that a process with this `/proc/<pid>/cgroup` is in. */
export function processorGroups(mounts: string, membership: string): Readonly<{ root: string; own: string; unified: boolean }> | undefined {
  const all = mounts.split('\n').map((line) => line.split(' '));
  const groups = membership.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const divided = all.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu'))?.[1];
  const unified = all.find(([, , type]) => type === 'cgroup2')?.[1];
  const own = (controller: string): string => groups.find((group) => group?.[1]?.split(',').includes(controller))?.[2] ?? '/';
  if (divided !== undefined) return { root: divided, own: own('cpu'), unified: false };
  return unified === undefined ? undefined : { root: unified, own: own(''), unified: true };
}
