import type { SandboxLimits } from '@anchor/core/ports/sandbox.ts';

export type CgroupUsage = Readonly<{
  memoryPeakMb: number;
  residentMb: number;
  oomKills: number;
  processLimitHits: number;
}>;

/** Limits and accounting of one sandbox. */
export interface Cgroup {
  /** Its `cgroup.procs` files; a process joins by writing "0" into each. */
  readonly procsFiles: readonly string[];
  usage(): CgroupUsage;
  /** Kills every process in it, waits until they are gone and removes it. */
  remove(): Promise<void>;
}

export type ResidentCgroup = Cgroup & Readonly<{ begin(): () => void }>;

/**
 * The control groups of one instance: `<hierarchy>/anchor-<instance>/<owner>/<name>`, or `anchor-<instance>-low` for
 * deferrable work.
 */
export interface Cgroups {
  /** Throws a plain Error with the kernel's reason when the machine refuses. */
  create(owner: string, name: string, limits: SandboxLimits, weight: number): Cgroup;
  /**
   * Creates a group of deferrable work that stays without processes. Its floor is looked after between `begin` and the
   * call of what that returned.
   */
  createResident(owner: string, name: string, limits: SandboxLimits): ResidentCgroup;
  /** Owners that have left or still have groups here. */
  owners(): readonly string[];
  /** Kills and removes everything of one owner. */
  removeOwner(owner: string): Promise<void>;
  /** Removes the instance's own group when nothing is in it. */
  removeInstance(): void;
}

/** Least weight of live traffic; lower weights are deferrable work, usually of the second. */
export const LIVE_WEIGHT = 5;
export const DEFERRABLE_WEIGHT = 1;

/** bubblewrap's own watcher and first process, for two programs at once: they do not count against the limit. */
export const OWN_PROCESSES = 4;
