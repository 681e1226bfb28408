import { existsSync, readFileSync } from 'node:fs';
import type { Cgroups } from './cgroup.ts';
import { createCgroupsV1 } from './cgroups-v1.ts';
import { createCgroupsV2 } from './cgroups-v2.ts';

/** Which control groups this machine has; undefined when it has none that can bound memory and processes. */
export const openCgroups = (instance: string, mounts = readFileSync('/proc/self/mounts', 'utf8')): Cgroups | undefined => {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const v1 = (controller: string): string | undefined =>
    lines.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller))?.[1];
  const [memory, pids, cpu] = [v1('memory'), v1('pids'), v1('cpu')];
  if (memory !== undefined && pids !== undefined && cpu !== undefined) return createCgroupsV1({ memory, pids, cpu }, `anchor-${instance}`);
  const root = lines.find(([, , type]) => type === 'cgroup2')?.[1];
  if (root === undefined || !existsSync(`${root}/cgroup.controllers`)) return undefined;
  const offered = readFileSync(`${root}/cgroup.controllers`, 'utf8').trim().split(' ');
  return ['memory', 'pids', 'cpu'].every((name) => offered.includes(name)) ? createCgroupsV2(root, `anchor-${instance}`) : undefined;
};
