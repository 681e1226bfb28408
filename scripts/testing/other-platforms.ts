import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { belongs, environmentOf, list, processes, startOf } from './proc.ts';

const SETTINGS = 'ANCHOR_PLATFORM_SETTINGS=';

/**
 * Returns the instances of platforms that run on this machine and were not started by these tests: eight hex digits
 * each, as links and control groups are named.
 */
export function otherPlatforms(directory: string, mark: string): ReadonlySet<string> {
  const instances = new Set<string>();
  for (const pid of processes()) {
    const settings = environmentOf(pid).find((entry) => entry.startsWith(SETTINGS));
    if (settings !== undefined && !belongs(pid, directory, mark))
      instances.add(instanceOf(settings.slice(SETTINGS.length)));
  }
  for (const [instance, owners] of groups())
    if (owners.some((pid) => !belongs(pid, directory, mark))) instances.add(instance);
  instances.delete('');
  return instances;
}

function instanceOf(settings: string): string {
  try {
    const { data } = JSON.parse(settings) as { data: string };
    return createHash('sha256').update(realpathSync(data)).digest('hex').slice(0, 8);
  } catch {
    return '';
  }
}

/**
 * Returns control groups `anchor-<instance>/<pid>-<start>`, and `anchor-<instance>-low/…` of builds, whose process
 * still runs.
 */
function groups(): readonly (readonly [instance: string, owners: readonly number[]])[] {
  const roots = [
    '/sys/fs/cgroup',
    ...list('/sys/fs/cgroup', 'directories').map((name) => join('/sys/fs/cgroup', name)),
  ];
  const found = roots.flatMap((root) =>
    list(root, 'directories')
      .filter((name) => /^anchor-[0-9a-f]{8}(?:-low|-edge)?$/.test(name))
      .map((name) => join(root, name)),
  );
  return found.map((path) => [
    basename(path).slice('anchor-'.length, 'anchor-'.length + 8),
    list(path, 'directories').flatMap((owner) => {
      const [, pid, start] = /^(\d+)-(\d+)$/.exec(owner) ?? [];
      return pid !== undefined && startOf(Number(pid)) === start ? [Number(pid)] : [];
    }),
  ]);
}
