import { existsSync, readFileSync } from 'node:fs';
import { LIVE_WEIGHT, type Cgroups } from './cgroup.ts';
import type { IdleClassOptions } from './cgroup-idle.ts';
import { CgroupsV1 } from './cgroups-v1.ts';
import { CgroupsV2 } from './cgroups-v2.ts';

/** Which control groups this machine has; undefined when it has none that can bound memory and processes. */
export const openCgroups = (
  instance: string,
  mounts = readFileSync('/proc/self/mounts', 'utf8'),
  yields: IdleClassOptions = {},
): Cgroups | undefined => {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const v1 = (controller: string): string | undefined =>
    lines.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller))?.[1];
  const [memory, pids, cpu] = [v1('memory'), v1('pids'), v1('cpu')];
  if (memory !== undefined && pids !== undefined && cpu !== undefined)
    return byWeight((...way) => new CgroupsV1({ memory, pids, cpu }, ...way), instance, yields);
  const root = lines.find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined || !existsSync(`${root}/cgroup.controllers`)) return undefined;
  const offered = readFileSync(`${root}/cgroup.controllers`, 'utf8').trim().split(' ');
  return ['memory', 'pids', 'cpu'].every((name) => offered.includes(name))
    ? byWeight((...way) => new CgroupsV2(root, ...way), instance, yields)
    : undefined;
};

/**
 * Separates live traffic and work that can wait into two groups side by side: the kernel compares with the whole
 * machine only there.
 */
const byWeight = (
  make: (group: string, yields?: IdleClassOptions) => Cgroups,
  instance: string,
  yields: IdleClassOptions,
): Cgroups => {
  const live = make(`anchor-${instance}`);
  const low = make(`anchor-${instance}-low`, yields);
  return {
    create: (owner, name, limits, weight) => (weight < LIVE_WEIGHT ? low : live).create(owner, name, limits, weight),
    createResident: (owner, name, limits) => low.createResident(owner, name, limits),
    owners: () => [...new Set([...live.owners(), ...low.owners()])],
    async removeOwner(owner) {
      await Promise.all([live.removeOwner(owner), low.removeOwner(owner)]);
    },
    removeInstance() {
      live.removeInstance();
      low.removeInstance();
    },
  };
};
