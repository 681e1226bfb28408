import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxLimits } from '@anchor/core/ports/sandbox.ts';
import {
  DEFERRABLE_WEIGHT,
  OWN_PROCESSES,
  type Cgroup,
  type Cgroups,
  type CgroupUsage,
  type ResidentCgroup,
} from './cgroup.ts';
import { createIdleClass, type IdleClass, type IdleClassOptions } from './cgroup-idle.ts';
import { children, emptyAndRemove, makeAll, readKey, readNumber, removeEmpty, tryWrite } from './cgroup-files.ts';
import { OwnerWeights } from './owner-weights.ts';

const MB = 1024 * 1024;

/** The mount point of each controller's hierarchy. */
type Roots = Readonly<{ memory: string; pids: string; cpu: string }>;

/** One hierarchy per controller, as older machines and some virtual machines mount them. */
export class CgroupsV1 implements Cgroups {
  readonly #roots: Roots;
  readonly #group: string;
  readonly #all: readonly string[];
  readonly #weights = new OwnerWeights();
  readonly #idleClass: IdleClass | undefined;

  /** `idle`: for a group of deferrable work. */
  constructor(roots: Roots, group: string, idle?: IdleClassOptions) {
    this.#roots = roots;
    this.#group = group;
    this.#all = [...new Set([roots.memory, roots.pids, roots.cpu])];
    const weight = { name: 'cpu.shares', standard: 1_024, most: 262_144 };
    this.#idleClass = idle && createIdleClass(join(roots.cpu, group), weight, idle);
  }

  create(owner: string, name: string, limits: SandboxLimits, weight: number): Cgroup {
    const { remove, ...group } = this.#make(owner, name, limits, weight);
    const end = this.#idleClass?.();
    return {
      ...group,
      remove: async () => {
        end?.();
        await remove();
      },
    };
  }

  createResident(owner: string, name: string, limits: SandboxLimits): ResidentCgroup {
    const group = this.#make(owner, name, limits, DEFERRABLE_WEIGHT);
    const begin = this.#idleClass ?? (() => () => undefined);
    // Yields from its start.
    begin()();
    return { ...group, begin };
  }

  #make(owner: string, name: string, limits: SandboxLimits, weight: number): Cgroup {
    const leaf = (root: string): string => join(root, this.#group, owner, name);
    const [memory, pids, cpu] = [leaf(this.#roots.memory), leaf(this.#roots.pids), leaf(this.#roots.cpu)];
    const dirs = [...new Set([memory, pids, cpu])];
    makeAll(dirs);
    tryWrite(join(this.#roots.memory, this.#group, 'memory.use_hierarchy'), '1');
    writeFileSync(join(memory, 'memory.limit_in_bytes'), String(limits.memoryMb * MB));
    // Without swap accounting in the kernel the next best is to never choose to swap.
    if (!tryWrite(join(memory, 'memory.memsw.limit_in_bytes'), String(limits.memoryMb * MB)))
      tryWrite(join(memory, 'memory.swappiness'), '0');
    writeFileSync(join(pids, 'pids.max'), String(limits.processes + OWN_PROCESSES));
    tryWrite(join(cpu, 'cpu.cfs_period_us'), '100000');
    tryWrite(join(cpu, 'cpu.cfs_quota_us'), String(Math.max(1000, Math.round(limits.cpus * 100_000))));
    const heaviest = this.#weights.add(owner, weight);
    tryWrite(join(this.#roots.cpu, this.#group, owner, 'cpu.shares'), sharesOf(heaviest));
    tryWrite(join(cpu, 'cpu.shares'), sharesOf(weight));
    return {
      procsFiles: dirs.map((dir) => join(dir, 'cgroup.procs')),
      usage: () => usageOf(memory, pids),
      remove: async () => {
        await emptyAndRemove(dirs, refuseForks(pids));
        for (const root of this.#all) removeEmpty(join(root, this.#group, owner));
        this.removeInstance();
      },
    };
  }

  owners(): readonly string[] {
    return [...new Set(this.#all.flatMap((root) => children(join(root, this.#group))))];
  }

  async removeOwner(owner: string): Promise<void> {
    const parents = this.#all.map((root) => join(root, this.#group, owner));
    for (const name of new Set(parents.flatMap((parent) => children(parent)))) {
      const dirs = parents.map((parent) => join(parent, name)).filter((dir) => existsSync(dir));
      await emptyAndRemove(dirs, refuseForks(join(this.#roots.pids, this.#group, owner, name)));
    }
    for (const parent of parents) removeEmpty(parent);
  }

  removeInstance(): void {
    for (const root of this.#all) removeEmpty(join(root, this.#group));
  }
}

const usageOf = (memory: string, pids: string): CgroupUsage => {
  const stat = join(memory, 'memory.stat');
  return {
    memoryPeakMb: Math.ceil(readNumber(join(memory, 'memory.max_usage_in_bytes')) / MB),
    residentMb: Math.ceil((readKey(stat, 'rss') + readKey(stat, 'shmem')) / MB),
    oomKills: readKey(join(memory, 'memory.oom_control'), 'oom_kill'),
    processLimitHits: readKey(join(pids, 'pids.events'), 'max'),
  };
};

const refuseForks = (pids: string) => (): void => void tryWrite(join(pids, 'pids.max'), '0');

const sharesOf = (weight: number): string => String(Math.min(262_144, Math.max(2, Math.round(weight * 102.4))));
