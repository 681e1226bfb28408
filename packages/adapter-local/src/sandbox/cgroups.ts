import { existsSync, readFileSync } from 'node:fs';
import { LIVE_WEIGHT, type Cgroups } from './cgroup.ts';
import { createCgroupsV1 } from './cgroups-v1.ts';
import { createCgroupsV2 } from './cgroups-v2.ts';

/** Which control groups this machine has; undefined when it has none that can bound memory and processes. */
export const openCgroups = (instance: string, mounts = readFileSync('/proc/self/mounts', 'utf8')): Cgroups | undefined => {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const v1 = (controller: string): string | undefined =>
    lines.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller))?.[1];
  const [memory, pids, cpu] = [v1('memory'), v1('pids'), v1('cpu')];
  if (memory !== undefined && pids !== undefined && cpu !== undefined) return byWeight((...way) => createCgroupsV1({ memory, pids, cpu }, ...way), instance);
  const root = lines.find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined || !existsSync(`${root}/cgroup.controllers`)) return undefined;
  const offered = readFileSync(`${root}/cgroup.controllers`, 'utf8').trim().split(' ');
  return ['memory', 'pids', 'cpu'].every((name) => offered.includes(name)) ? byWeight((...way) => createCgroupsV2(root, ...way), instance) : undefined;
};

/** Live traffic and what can wait in two groups side by side: the kernel compares with the whole machine only there. */
const byWeight = (make: (group: string, yields: boolean) => Cgroups, instance: string): Cgroups => {
  const live = make(`anchor-${instance}`, false);
  const low = make(`anchor-${instance}-low`, true);
  return {
    create: (owner, name, limits, weight) => (weight < LIVE_WEIGHT ? low : live).create(owner, name, limits, weight),
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
