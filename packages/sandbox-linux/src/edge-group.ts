import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeEmpty, tryWrite } from './cgroup-files.ts';
import { instanceOf } from './identity.ts';

export type EdgeGroup = Readonly<{ leave(): void }>;

/**
 * Puts this process, an edge worker, into one control group with its siblings, `anchor-<instance>-edge`. The group has
 * the weight of every group and session, and is inside the group that it was started in, so that its limits still
 * apply. Without it the scheduler treats each worker as a session of its own (`sched_autogroup`), and alternates it
 * with other programs on the same processor in turns of many milliseconds. The p99 of a cached page beside a busy
 * program was 25 ms, and is 5.
 *
 * Only where processors have a hierarchy of their own (cgroup v1). In the unified one, groups that divide processors
 * hold no processes of their own, so existing limits would no longer apply. All works without it.
 */
export function joinEdgeGroup(data: string): EdgeGroup {
  const paths = edgeCgroupPath(data);
  if (paths === undefined) return NO_GROUP;
  const { around, group } = paths;
  try {
    mkdirSync(group, { recursive: true });
    writeFileSync(join(group, 'cgroup.procs'), '0');
  } catch {
    removeEmpty(group);
    return NO_GROUP;
  }
  return {
    leave() {
      // Only an empty group can be removed: the last worker removes it.
      if (tryWrite(join(around, 'cgroup.procs'), '0')) removeEmpty(group);
    },
  };
}

/** Removes the group that killed workers left; one with workers in it stays. */
export function sweepEdgeGroup(data: string): void {
  const paths = edgeCgroupPath(data);
  if (paths !== undefined) removeEmpty(paths.group);
}

const NO_GROUP: EdgeGroup = { leave: () => undefined };

function edgeCgroupPath(data: string): Readonly<{ around: string; group: string }> | undefined {
  try {
    const around = processorGroup(readFileSync('/proc/self/mounts', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
    return around === undefined ? undefined : { around, group: join(around, `anchor-${instanceOf(data)}-edge`) };
  } catch {
    return undefined;
  }
}

/**
 * Returns the directory of the group that divides processors for a process with this `/proc/<pid>/cgroup`; undefined
 * where they have no hierarchy of their own.
 */
export function processorGroup(mounts: string, membership: string): string | undefined {
  const root = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu'))?.[1];
  if (root === undefined) return undefined;
  const own =
    membership
      .split('\n')
      .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
      .find((group) => group?.[1]?.split(',').includes('cpu'))?.[2] ?? '/';
  return join(root, own);
}
