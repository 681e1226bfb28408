import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export const readNumber = (file: string): number => {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || 0;
  } catch {
    return 0;
  }
};

/** Returns the value of `key` in a file of `key value` lines; 0 when it is absent. */
export const readKey = (file: string, key: string): number => {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((each) => each.startsWith(`${key} `));
    return line === undefined ? 0 : Number.parseInt(line.slice(key.length + 1), 10) || 0;
  } catch {
    return 0;
  }
};

/** Writes a setting that some kernels lack and that only sharpens a limit. Returns false when that fails. */
export const tryWrite = (file: string, value: string): boolean => {
  if (!existsSync(file)) return false;
  try {
    writeFileSync(file, value);
    return true;
  } catch {
    return false;
  }
};

export const children = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
};

/** Makes groups and those above them; once more when another process removed an empty one meanwhile. */
export const makeAll = (dirs: readonly string[]): void => {
  const make = (): void => {
    for (const dir of dirs) mkdirSync(dir, { recursive: true });
  };
  try {
    make();
  } catch {
    make();
  }
};

const members = (dir: string): readonly number[] => {
  try {
    return readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** How long a killed process may stay in the kernel before the group is left to a later sweep. */
const PATIENCE_MS = 10_000;

/** Kills what is in a group until it is empty, then removes it. `dirs` are the same group in every hierarchy. */
export const emptyAndRemove = async (dirs: readonly string[], killAll: () => void): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  for (let pause = 1; dirs.some((dir) => existsSync(dir)); pause = Math.min(pause * 2, 20)) {
    killAll();
    for (const dir of dirs) for (const pid of members(dir)) if (pid > 0) kill(pid);
    if (dirs.every((dir) => members(dir).length === 0)) for (const dir of dirs) removeEmpty(dir);
    if (Date.now() > deadline) return;
    if (dirs.some((dir) => existsSync(dir))) await delay(pause);
  }
};

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
};

/** Removes a group without processes; one that is still in use stays. */
export const removeEmpty = (dir: string): void => {
  try {
    rmdirSync(dir);
  } catch {
    // Gone already, or still busy: the caller looks again.
  }
};
