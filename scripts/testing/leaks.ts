import { join } from 'node:path';
import { otherPlatforms } from './other-platforms.ts';
import { belongs, list, mountsUnder, loopDevices, processes, read, withDescendants, type Found } from './proc.ts';

/** Traces that tests may leave on a machine although they must not. Each line names one thing. */
export type Machine = Readonly<{
  networks: ReadonlySet<string>;
  interfaces: ReadonlySet<string>;
  cgroups: ReadonlySet<string>;
}>;

/** Returns what exists before the tests, which did not create it. */
export const lookAround = (): Machine => ({
  networks: new Set(list('/run/netns')),
  interfaces: new Set(list('/sys/class/net')),
  cgroups: new Set(cgroups()),
});

/**
 * Returns everything that appeared since `before` and still exists. `directory` is the temp directory of all tests,
 * `mark` their value of ANCHOR_TEST_RUN.
 */
export function findLeaks(before: Machine, directory: string, mark: string): readonly string[] {
  const now = lookAround();
  // another platform may run on this machine meanwhile, a developer's own: what is named after it is none of ours
  const others = otherPlatforms(directory, mark);
  const added = (
    kind: 'networks' | 'interfaces' | 'cgroups',
    what: string,
    instance: (name: string) => string = () => '',
  ): readonly string[] =>
    [...now[kind]]
      .filter((name) => !before[kind].has(name) && !others.has(instance(name)))
      .map((name) => `${what} ${name}`);
  return [
    ...leakedProcesses(directory, mark).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...mountsUnder(directory).map((path) => `mount ${path}`),
    ...loopDevices(directory),
    ...added('networks', 'network namespace'),
    ...added('interfaces', 'network interface', instanceOfLink),
    ...added('cgroups', 'cgroup', instanceOfGroup),
    ...list(directory).map((name) => `temp directory ${join(directory, name)}`),
  ];
}

/** Returns processes that carry the mark in their environment, or work on the directory, and all their descendants. */
export const leakedProcesses = (directory: string, mark: string): readonly Found[] =>
  withDescendants(processes().filter((pid) => belongs(pid, directory, mark)));

/**
 * Returns the platform's own cgroups, in whichever hierarchy the machine has: anything named anchor…, and what is in
 * it.
 */
function cgroups(): readonly string[] {
  const found: string[] = [];
  const walk = (directory: string, inside: boolean, depth: number): void => {
    if (depth > 6) return;
    for (const name of list(directory, 'directories')) {
      const path = join(directory, name);
      const ours = inside || name.startsWith('anchor');
      if (ours) found.push(path);
      walk(path, ours, depth + 1);
    }
  };
  walk('/sys/fs/cgroup', false, 0);
  return found;
}

/** Returns the instance (see `instanceOf` in the sandbox) that a link or a control group is named after. */
const instanceOfLink = (name: string): string => read(`/sys/class/net/${name}/ifalias`).trim().replace('anchor-', '');
const instanceOfGroup = (path: string): string => /\/anchor-([0-9a-f]{8})(?:-low|-edge)?(?:\/|$)/.exec(path)?.[1] ?? '';
