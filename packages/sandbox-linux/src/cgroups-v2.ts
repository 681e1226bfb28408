import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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

/**
 * The unified hierarchy of current distributions. Controllers are handed down one level at a time: root → instance →
 * owner. The processes are in the leaves only, as the kernel requires.
 */
export class CgroupsV2 implements Cgroups {
  readonly #root: string;
  readonly #instance: string;
  readonly #weights = new OwnerWeights();
  readonly #idleClass: IdleClass | undefined;

  /** `root`: the mount point. `idle`: for a group of deferrable work. */
  constructor(root: string, group: string, idle?: IdleClassOptions) {
    this.#root = root;
    this.#instance = join(root, group);
    this.#idleClass =
      idle && createIdleClass(this.#instance, { name: 'cpu.weight', standard: 100, most: 10_000 }, idle);
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
    const parent = join(this.#instance, owner);
    const dir = join(parent, name);
    makeAll([dir]);
    for (const above of [this.#root, this.#instance, parent]) handDown(above);
    writeFileSync(join(dir, 'memory.max'), String(limits.memoryMb * MB));
    tryWrite(join(dir, 'memory.swap.max'), '0');
    writeFileSync(join(dir, 'pids.max'), String(limits.processes + OWN_PROCESSES));
    writeFileSync(join(dir, 'cpu.max'), `${Math.max(1000, Math.round(limits.cpus * 100_000))} 100000`);
    setWeight(parent, this.#weights.add(owner, weight));
    setWeight(dir, weight);
    let sampledPeak = 0;
    return {
      procsFiles: [join(dir, 'cgroup.procs')],
      usage: () => {
        // Kernels before 5.19 keep no peak: the highest value seen is then all there is.
        const peak = existsSync(join(dir, 'memory.peak')) ? 'memory.peak' : 'memory.current';
        sampledPeak = Math.max(sampledPeak, readNumber(join(dir, peak)));
        return usageOf(dir, sampledPeak);
      },
      remove: async () => {
        await emptyAndRemove([dir], refuseForks(dir));
        removeEmpty(parent);
        this.removeInstance();
      },
    };
  }

  owners(): readonly string[] {
    return children(this.#instance);
  }

  async removeOwner(owner: string): Promise<void> {
    const parent = join(this.#instance, owner);
    for (const name of children(parent)) await emptyAndRemove([join(parent, name)], refuseForks(join(parent, name)));
    removeEmpty(parent);
  }

  removeInstance(): void {
    removeEmpty(this.#instance);
  }
}

const handDown = (dir: string): void => {
  const file = join(dir, 'cgroup.subtree_control');
  const enabled = readFileSync(file, 'utf8').trim().split(/\s+/);
  const missing = ['memory', 'pids', 'cpu'].filter((name) => !enabled.includes(name));
  if (missing.length > 0) writeFileSync(file, missing.map((name) => `+${name}`).join(' '));
  if (!enabled.includes('io')) tryWrite(file, '+io');
};

const usageOf = (dir: string, peak: number): CgroupUsage => {
  const stat = join(dir, 'memory.stat');
  return {
    memoryPeakMb: Math.ceil(peak / MB),
    residentMb: Math.ceil((readKey(stat, 'anon') + readKey(stat, 'shmem')) / MB),
    oomKills: readKey(join(dir, 'memory.events'), 'oom_kill'),
    processLimitHits: readKey(join(dir, 'pids.events'), 'max'),
  };
};

/** Before its processes are killed, so that none starts another meanwhile; kills them where the kernel can. */
const refuseForks = (dir: string) => (): void => {
  tryWrite(join(dir, 'pids.max'), '0');
  tryWrite(join(dir, 'cgroup.kill'), '1');
};

const setWeight = (dir: string, weight: number): void => {
  const value = String(Math.min(10_000, Math.max(1, Math.round(weight * 10))));
  tryWrite(join(dir, 'cpu.weight'), value);
  tryWrite(join(dir, 'io.weight'), value);
};
