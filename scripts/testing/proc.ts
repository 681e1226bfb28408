import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as a user recognizes it. */
export type Found = Readonly<{ pid: number; command: string }>;

export const processes = (): readonly number[] =>
  list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid);

/** Returns whether a process was started with the mark in ANCHOR_TEST_RUN, or works on the directory. */
export function belongs(pid: number, directory: string, mark: string): boolean {
  if (environmentOf(pid).includes(`ANCHOR_TEST_RUN=${mark}`)) return true;
  if (read(`/proc/${pid}/cmdline`).includes(directory)) return true;
  // a sandboxed process has neither, but it sees the directory's files
  if (
    read(`/proc/${pid}/mountinfo`)
      .split('\n')
      .some((line) => (line.split(' ')[3] ?? '').startsWith(directory))
  )
    return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(directory);
  } catch {
    return false; // ended meanwhile, or a kernel thread
  }
}

/** Returns these processes and their descendants, without zombies. */
export function withDescendants(pids: readonly number[]): readonly Found[] {
  const all = processes();
  const marked = new Set(pids);
  for (let grown = -1; grown !== marked.size;) {
    grown = marked.size;
    for (const pid of all) if (marked.has(parentOf(pid))) marked.add(pid);
  }
  return [...marked]
    .filter((pid) => !isZombie(pid))
    .map((pid) => ({
      pid,
      command:
        read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 160) || read(`/proc/${pid}/comm`).trim(),
    }));
}

const statOf = (pid: number): readonly string[] =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
const parentOf = (pid: number): number => Number(statOf(pid)[1] ?? 0);
const isZombie = (pid: number): boolean => statOf(pid)[0] === 'Z' || statOf(pid)[0] === '';
/**
 * Returns when it started, in clock ticks since boot: with the id it identifies a process for good. Undefined when
 * there is none.
 */
export const startOf = (pid: number): string | undefined => statOf(pid)[19];
export const environmentOf = (pid: number): readonly string[] => read(`/proc/${pid}/environ`).split('\0');

export const mountsUnder = (directory: string): readonly string[] =>
  read('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${directory}/`));

export const loopDevices = (directory: string): readonly string[] =>
  list('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      const file = read(`/sys/block/${name}/loop/backing_file`).trim();
      return file.startsWith(directory) ? [`loop device /dev/${name} on ${file}`] : [];
    });

/** Returns a file's text; empty when it cannot be read: entries of /proc disappear while they are read. */
export const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Names in a directory; none when it is not there. */
export const list = (path: string, what: 'all' | 'directories' = 'all'): readonly string[] => {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => what === 'all' || entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
};
