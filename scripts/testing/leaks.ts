import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What tests may leave on a machine although they must not. Each line names one thing, for a person. */
export type Machine = Readonly<{ networks: ReadonlySet<string>; interfaces: ReadonlySet<string>; cgroups: ReadonlySet<string> }>;

/** What is there before the tests, and is none of their doing. */
export const lookAround = (): Machine => ({ networks: new Set(list('/run/netns')), interfaces: new Set(list('/sys/class/net')), cgroups: new Set(cgroups()) });

/** Everything that appeared since `before` and is still there. `directory` is the temp directory that all tests were given, `mark` the value of ANCHOR_TEST_RUN that they were started with. */
export function findLeaks(before: Machine, directory: string, mark: string): readonly string[] {
  const now = lookAround();
  const added = (kind: 'networks' | 'interfaces' | 'cgroups', what: string): readonly string[] => [...now[kind]].filter((name) => !before[kind].has(name)).map((name) => `${what} ${name}`);
  return [
    ...leakedProcesses(directory, mark).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...mountsUnder(directory).map((path) => `mount ${path}`),
    ...loopDevices(directory),
    ...added('networks', 'network namespace'), ...added('interfaces', 'network interface'), ...added('cgroups', 'cgroup'),
    ...list(directory).map((name) => `temp directory ${join(directory, name)}`),
  ];
}

type Found = Readonly<{ pid: number; command: string }>;

/** Processes that carry the mark in their environment, or work on the directory, and whatever these started. */
export function leakedProcesses(directory: string, mark: string): readonly Found[] {
  const all = list('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => pid !== process.pid);
  const marked = new Set(all.filter((pid) => belongs(pid, directory, mark)));
  for (let grown = -1; grown !== marked.size;) {
    grown = marked.size;
    for (const pid of all) if (marked.has(parentOf(pid))) marked.add(pid);
  }
  return [...marked].filter((pid) => !isZombie(pid)).map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 160) || read(`/proc/${pid}/comm`).trim() }));
}

function belongs(pid: number, directory: string, mark: string): boolean {
  if (read(`/proc/${pid}/environ`).split('\0').includes(`ANCHOR_TEST_RUN=${mark}`)) return true;
  if (read(`/proc/${pid}/cmdline`).includes(directory)) return true;
  // a sandboxed process has neither, but it sees the directory's files
  if (read(`/proc/${pid}/mountinfo`).split('\n').some((line) => (line.split(' ')[3] ?? '').startsWith(directory))) return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(directory);
  } catch {
    return false; // ended meanwhile, or a kernel thread
  }
}

const statOf = (pid: number): readonly string[] => read(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ');
const parentOf = (pid: number): number => Number(statOf(pid)[1] ?? 0);
const isZombie = (pid: number): boolean => statOf(pid)[0] === 'Z' || statOf(pid)[0] === '';

const mountsUnder = (directory: string): readonly string[] =>
  read('/proc/self/mountinfo').split('\n').map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${directory}/`));

const loopDevices = (directory: string): readonly string[] =>
  list('/sys/block').filter((name) => name.startsWith('loop')).flatMap((name) => {
    const file = read(`/sys/block/${name}/loop/backing_file`).trim();
    return file.startsWith(directory) ? [`loop device /dev/${name} on ${file}`] : [];
  });

/** The platform's own cgroups, in whichever hierarchy the machine has: anything named anchor…, and what is in it. */
function cgroups(): readonly string[] {
  const found: string[] = [];
  const walk = (directory: string, inside: boolean, depth: number): void => {
    if (depth > 6) return;
    for (const entry of entries(directory)) {
      if (!entry.isDirectory()) continue;
      const path = join(directory, entry.name);
      const ours = inside || entry.name.startsWith('anchor');
      if (ours) found.push(path);
      walk(path, ours, depth + 1);
    }
  };
  walk('/sys/fs/cgroup', false, 0);
  return found;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
const list = (path: string): readonly string[] => entries(path).map((entry) => entry.name);
function entries(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
