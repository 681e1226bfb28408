import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OWN_PROCESSES, type Cgroup, type Cgroups } from './cgroup.ts';
import { createYielding } from './cgroup-yield.ts';
import { children, emptyAndRemove, makeAll, readKey, readNumber, removeEmpty, tryWrite } from './cgroup-files.ts';

const MB = 1024 * 1024;

/**
 * The unified hierarchy of current distributions, mounted at `root`. Controllers are handed down one level at a time:
 * root → instance → owner; the processes live in the leaves only, as the kernel asks for. `yields`: a group of what can wait.
 */
export const createCgroupsV2 = (root: string, group: string, yields = false): Cgroups => {
  const handDown = (dir: string): void => {
    const enabled = readFileSync(join(dir, 'cgroup.subtree_control'), 'utf8').trim().split(/\s+/);
    const missing = ['memory', 'pids', 'cpu'].filter((name) => !enabled.includes(name));
    if (missing.length > 0) writeFileSync(join(dir, 'cgroup.subtree_control'), missing.map((name) => `+${name}`).join(' '));
    if (!enabled.includes('io')) tryWrite(join(dir, 'cgroup.subtree_control'), '+io');
  };
  const stop = (dir: string) => (): void => {
    tryWrite(join(dir, 'pids.max'), '0');
    tryWrite(join(dir, 'cgroup.kill'), '1');
  };
  /** Builds and functions have different owners: weights inside an owner's group say nothing of the others, so the group carries its heaviest. */
  const weights = new Map<string, number>();
  const yielding = yields ? createYielding(join(root, group), ['cpu.weight', shareOf(1)]) : undefined;
  return {
    create(owner, name, limits, weight) {
      const dir = join(root, group, owner, name);
      makeAll([dir]);
      for (const parent of [root, join(root, group), join(root, group, owner)]) handDown(parent);
      writeFileSync(join(dir, 'memory.max'), String(limits.memoryMb * MB));
      tryWrite(join(dir, 'memory.swap.max'), '0');
      writeFileSync(join(dir, 'pids.max'), String(limits.processes + OWN_PROCESSES));
      writeFileSync(join(dir, 'cpu.max'), `${Math.max(1000, Math.round(limits.cpus * 100_000))} 100000`);
      const heaviest = Math.max(weight, weights.get(owner) ?? 0);
      weights.set(owner, heaviest);
      for (const [of, share] of [[join(root, group, owner), shareOf(heaviest)], [dir, shareOf(weight)]] as const) {
        tryWrite(join(of, 'cpu.weight'), share);
        tryWrite(join(of, 'io.weight'), share);
      }
      const end = yielding?.();
      let sampledPeak = 0;
      return {
        doors: [join(dir, 'cgroup.procs')],
        usage: () => {
          // Kernels before 5.19 keep no peak: the highest value seen is then all there is.
          const peak = existsSync(join(dir, 'memory.peak')) ? 'memory.peak' : 'memory.current';
          sampledPeak = Math.max(sampledPeak, readNumber(join(dir, peak)));
          const held = readKey(join(dir, 'memory.stat'), 'anon') + readKey(join(dir, 'memory.stat'), 'shmem');
          return { memoryPeakMb: Math.ceil(sampledPeak / MB), heldMb: Math.ceil(held / MB), oomKills: readKey(join(dir, 'memory.events'), 'oom_kill'), processLimitHits: readKey(join(dir, 'pids.events'), 'max') };
        },
        remove: async () => {
          await emptyAndRemove([dir], stop(dir));
          end?.();
          removeEmpty(join(root, group, owner));
          removeEmpty(join(root, group));
        },
      } satisfies Cgroup;
    },
    owners: () => children(join(root, group)),
    async removeOwner(owner) {
      for (const name of children(join(root, group, owner))) {
        const dir = join(root, group, owner, name);
        await emptyAndRemove([dir], stop(dir));
      }
      removeEmpty(join(root, group, owner));
    },
    removeInstance: () => removeEmpty(join(root, group)),
  };
};

const shareOf = (weight: number): string => String(Math.min(10_000, Math.max(1, Math.round(weight * 10))));
