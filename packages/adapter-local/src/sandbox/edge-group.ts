import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeEmpty, tryWrite } from './cgroup-files.ts';
import { instanceOf } from './identity.ts';

export type EdgeGroup = Readonly<{ leave(): void }>;

/**
 * Puts this process, an edge worker, into one control group with its siblings, `anchor-<instance>-edge`, of the weight that
 * every group and session has, and inside the group that it was started in, so that its limits go on to hold. Without it
 * each worker is a session of its own to the scheduler (`sched_autogroup`), which then gives turns of many milliseconds to
 * it and to whatever else asks for the same processor: the p99 of a stored page beside a busy program was 25 ms, and is 5.
 *
 * Only where processors have a hierarchy of their own (cgroup v1): in the unified one, groups that divide processors hold
 * no processes of their own, so there would have to be limits that do not hold any more. All works without it.
 */
export function joinEdgeGroup(data: string): EdgeGroup {
  const place = placeOf(data);
  if (place === undefined) return ALONE;
  const { around, group } = place;
  try {
    mkdirSync(group, { recursive: true });
    writeFileSync(join(group, 'cgroup.procs'), '0');
  } catch {
    removeEmpty(group);
    return ALONE;
  }
  return {
    leave() {
      // Only an empty group can be removed: whoever leaves last does.
      if (tryWrite(join(around, 'cgroup.procs'), '0')) removeEmpty(group);
    },
  };
}

/** Removes the group that killed workers left; one with workers in it stays. */
export function sweepEdgeGroup(data: string): void {
  const place = placeOf(data);
  if (place !== undefined) removeEmpty(place.group);
}

const ALONE: EdgeGroup = { leave: () => undefined };

function placeOf(data: string): Readonly<{ around: string; group: string }> | undefined {
  try {
    const around = processorGroup(readFileSync('/proc/self/mounts', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
    return around === undefined ? undefined : { around, group: join(around, `anchor-${instanceOf(data)}-edge`) };
  } catch {
    return undefined;
  }
}

/** The directory of the group that divides processors for a process with this `/proc/<pid>/cgroup`; undefined where they have no hierarchy of their own. */
export function processorGroup(mounts: string, membership: string): string | undefined {
  const root = mounts.split('\n').map((line) => line.split(' ')).find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu'))?.[1];
  if (root === undefined) return undefined;
  const own = membership.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line)).find((group) => group?.[1]?.split(',').includes('cpu'))?.[2] ?? '/';
  return join(root, own);
}
