import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { children, readKey, tryWrite } from './cgroup-files.ts';

/** Registers a sandbox of the group, which must exist. Call the returned function when the sandbox is removed. */
export type IdleClass = () => () => void;

/** The file of a group that has its weight, and what a default group has in it, as the kernel bounds it. */
export type WeightFile = Readonly<{ name: string; standard: number; most: number }>;

export type IdleClassOptions = Readonly<{
  /** Part of the machine that the group gets although everything else always wants it, 0 to 1. */
  floor?: number;
  lookMs?: number;
  /** Processor time of the machine since it started: all of it, and that in which a processor had nothing to do. */
  machine?: () => Readonly<{ total: number; idle: number }>;
}>;

export const DEFAULT_FLOOR = 0.25;
const CHECK_MS = 500;
/** A machine whose processors have less to spare counts as busy. */
const SPARE = 0.05;
/**
 * Weights, as multiples of what each group and session of the machine has: the first when the group gets too little,
 * and bounds.
 */
const [FIRST, LEAST, MOST] = [1 / 3, 0.1, 64];
/** Below and above the floor by so much the weight is changed; it grows by this factor at most. */
const [TOO_LITTLE, TOO_MUCH, FACTOR] = [0.9, 1.1, 2];
/** The largest share that a group counts as having: with all of it, the demand of the others is unknown. */
const ALMOST_ALL = 0.99;
/** The kernel counts processor time of processes in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/**
 * Puts the group of all deferrable work into the idle class (`cpu.idle`): any other task that wakes up preempts it.
 * Such a group is starved while the rest of the machine is busy. So while the machine is busy and the group gets less
 * than its floor, it has a weight instead, which is raised until it gets the floor and lowered when it gets more.
 * Kernels without `cpu.idle` have the weight alone.
 */
export function createIdleClass(group: string, weightFile: WeightFile, options: IdleClassOptions = {}): IdleClass {
  const { floor = DEFAULT_FLOOR, lookMs = CHECK_MS, machine = machineTime } = options;
  let sandboxes = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Undefined while the group is idle-class. */
  let share: number | undefined;
  let before = { ...machine(), used: 0, at: performance.now() };

  const apply = (): void => {
    const yields = tryWrite(join(group, 'cpu.idle'), share === undefined ? '1' : '0');
    if (yields && share === undefined) return;
    tryWrite(
      join(group, weightFile.name),
      String(Math.max(2, Math.min(weightFile.most, Math.round((share ?? LEAST) * weightFile.standard)))),
    );
  };
  const check = (): void => {
    const now = { ...machine(), used: secondsOf(group), at: performance.now() };
    const passed = (now.at - before.at) / 1_000;
    const spare = (now.idle - before.idle) / Math.max(1, now.total - before.total);
    const part = Math.max(0, now.used - before.used) / (passed * availableParallelism());
    before = now;
    const next = nextShare(share, spare, part / floor, floor);
    if (next === share) return;
    share = next;
    apply();
  };
  return () => {
    // The group may have been removed with its last sandbox, and made again.
    apply();
    if (sandboxes++ === 0 && floor > 0 && existsSync(join(group, 'cpu.idle'))) {
      before = { ...machine(), used: secondsOf(group), at: performance.now() };
      timer = setInterval(check, lookMs).unref();
    }
    let ended = false;
    return () => {
      if (!ended && --sandboxes === 0) {
        clearInterval(timer);
        share = undefined;
      }
      ended = true;
    };
  };
}

/**
 * Computes the group's next share. `spare`: part of the machine that was idle. `got`: what the group got, as a multiple
 * of its floor.
 */
export function nextShare(
  share: number | undefined,
  spare: number,
  got: number,
  floor: number = DEFAULT_FLOOR,
): number | undefined {
  if (spare > SPARE) return undefined;
  if (share === undefined) return got < TOO_LITTLE ? FIRST : undefined;
  if (got >= TOO_LITTLE && got <= TOO_MUCH) return share;
  // The weight that gives the floor beside the others' weights, as measured now. Builds that wanted little have let it
  // grow, and must not hold the machine for seconds when they want all of it.
  const part = Math.min(ALMOST_ALL, got * floor);
  const fair = (share * (1 - part) * floor) / (part * (1 - floor));
  const next = Math.min(MOST, share * FACTOR, fair);
  return next < LEAST ? undefined : next;
}

/**
 * Returns the processor seconds of all processes of a group's owners. An exited process counts with the one that waited
 * for it.
 */
function secondsOf(group: string): number {
  if (existsSync(join(group, 'cpu.stat')) && readKey(join(group, 'cpu.stat'), 'usage_usec') > 0)
    return readKey(join(group, 'cpu.stat'), 'usage_usec') / 1_000_000;
  let ticks = 0;
  for (const owner of children(group)) {
    for (const name of children(join(group, owner))) {
      for (const pid of contentOf(join(group, owner, name, 'cgroup.procs'))
        .split('\n')
        .filter(Boolean)) {
        const stat = contentOf(`/proc/${pid}/stat`);
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        // utime, stime, cutime, cstime of proc(5)
        for (const field of fields.slice(11, 15)) ticks += Number(field);
      }
    }
  }
  return ticks / TICKS_PER_SECOND;
}

/** Parses the first line of /proc/stat: user, nice, system, idle, iowait … */
function machineTime(): Readonly<{ total: number; idle: number }> {
  const fields = contentOf('/proc/stat').split('\n', 1)[0]?.split(/\s+/).slice(1, 9).map(Number) ?? [];
  return { total: fields.reduce((sum, field) => sum + field, 0), idle: (fields[3] ?? 0) + (fields[4] ?? 0) };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
