import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OWN_PROCESSES, type Cgroup, type Cgroups } from './cgroup.ts';
import { createYielding } from './cgroup-yield.ts';
import { children, emptyAndRemove, makeAll, readKey, readNumber, removeEmpty, tryWrite } from './cgroup-files.ts';

const MB = 1024 * 1024;
/** One hierarchy a controller, as older machines and some virtual machines mount them. `roots` are the mount points. `yields`: a group of what can wait. */
export const createCgroupsV1 = (roots: Readonly<{ memory: string; pids: string; cpu: string }>, group: string, yields = false): Cgroups => {
  const all = [...new Set([roots.memory, roots.pids, roots.cpu])];
  const stop = (dir: string) => (): void => void tryWrite(join(dir, 'pids.max'), '0');
  /** Builds and functions have different owners: weights inside an owner's group say nothing of the others, so the group carries its heaviest. */
  const weights = new Map<string, number>();
  const yielding = yields ? createYielding(join(roots.cpu, group), ['cpu.shares', sharesOf(1)]) : undefined;
  return {
    create(owner, name, limits, weight) {
      const leaf = (root: string): string => join(root, group, owner, name);
      const [memory, pids, cpu] = [leaf(roots.memory), leaf(roots.pids), leaf(roots.cpu)];
      const dirs = [...new Set([memory, pids, cpu])];
      makeAll(dirs);
      tryWrite(join(roots.memory, group, 'memory.use_hierarchy'), '1');
      writeFileSync(join(memory, 'memory.limit_in_bytes'), String(limits.memoryMb * MB));
      // Without swap accounting in the kernel the next best is to never choose to swap.
      if (!tryWrite(join(memory, 'memory.memsw.limit_in_bytes'), String(limits.memoryMb * MB))) tryWrite(join(memory, 'memory.swappiness'), '0');
      writeFileSync(join(pids, 'pids.max'), String(limits.processes + OWN_PROCESSES));
      tryWrite(join(cpu, 'cpu.cfs_period_us'), '100000');
      tryWrite(join(cpu, 'cpu.cfs_quota_us'), String(Math.max(1000, Math.round(limits.cpus * 100_000))));
      const heaviest = Math.max(weight, weights.get(owner) ?? 0);
      weights.set(owner, heaviest);
      tryWrite(join(roots.cpu, group, owner, 'cpu.shares'), sharesOf(heaviest));
      tryWrite(join(cpu, 'cpu.shares'), sharesOf(weight));
      const end = yielding?.();
      return {
        doors: dirs.map((dir) => join(dir, 'cgroup.procs')),
        usage: () => ({
          memoryPeakMb: Math.ceil(readNumber(join(memory, 'memory.max_usage_in_bytes')) / MB),
          heldMb: Math.ceil((readKey(join(memory, 'memory.stat'), 'rss') + readKey(join(memory, 'memory.stat'), 'shmem')) / MB),
          oomKills: readKey(join(memory, 'memory.oom_control'), 'oom_kill'),
          processLimitHits: readKey(join(pids, 'pids.events'), 'max'),
        }),
        remove: async () => {
          await emptyAndRemove(dirs, stop(pids));
          end?.();
          for (const root of all) removeEmpty(join(root, group, owner));
          for (const root of all) removeEmpty(join(root, group));
        },
      } satisfies Cgroup;
    },
    owners: () => [...new Set(all.flatMap((root) => children(join(root, group))))],
    async removeOwner(owner) {
      const names = new Set(all.flatMap((root) => children(join(root, group, owner))));
      for (const name of names) {
        const dirs = all.map((root) => join(root, group, owner, name)).filter((dir) => existsSync(dir));
        await emptyAndRemove(dirs, stop(join(roots.pids, group, owner, name)));
      }
      for (const root of all) removeEmpty(join(root, group, owner));
    },
    removeInstance: () => {
      for (const root of all) removeEmpty(join(root, group));
    },
  };
};

const sharesOf = (weight: number): string => String(Math.min(262_144, Math.max(2, Math.round(weight * 102.4))));
