import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { children, readKey, tryWrite } from './cgroup-files.ts';

/** Registers work in the group, which must exist. Call the returned function when the work has ended. */
export type IdleClass = () => () => void;

/** The file of a group that has its weight, and what a default group has in it, as the kernel bounds it. */
export type WeightFile = Readonly<{ name: string; standard: number; most: number }>;

export type IdleClassOptions = Readonly<{
  /** Part of the machine that the group gets although everything else always wants it, 0 to 1. */
  floor?: number;
  lookMs?: number;
  /** How long the weight stays when the work has ended: the next of a row needs not wait for it. */
  lingerMs?: number;
  /** Processor time of the machine since it started: all of it, and that in which a processor had nothing to do. */
  machine?: () => Readonly<{ total: number; idle: number }>;
}>;

export const DEFAULT_FLOOR = 0.25;
const CHECK_MS = 500;
const LINGER_MS = 5_000;
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

const classes = new Map<string, IdleClass>();

/**
 * Puts the group of all deferrable work into the idle class (`cpu.idle`): any other task that wakes up preempts it.
 * Such a group is starved while the rest of the machine is busy. So while the machine is busy and the group gets less
 * than its floor, it has a weight instead, which is raised until it gets the floor and lowered when it gets more.
 * Kernels without `cpu.idle` have the weight alone. A group has one class in a process: builds and git share it, and
 * the options of the first count.
 */
export function createIdleClass(group: string, weightFile: WeightFile, options: IdleClassOptions = {}): IdleClass {
  const known = classes.get(group);
  if (known !== undefined) return known;
  const created = new IdleGroup(group, weightFile, options);
  const begin = (): (() => void) => created.begin();
  classes.set(group, begin);
  return begin;
}

type Sample = Readonly<{ total: number; idle: number; used: number; at: number }>;

class IdleGroup {
  readonly #group: string;
  readonly #weightFile: WeightFile;
  readonly #options: Required<IdleClassOptions>;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #endedAt = 0;
  /** Undefined while the group is idle-class. */
  #share: number | undefined;
  #before: Sample = { total: 0, idle: 0, used: 0, at: 0 };

  constructor(group: string, weightFile: WeightFile, options: IdleClassOptions) {
    const defaults = { floor: DEFAULT_FLOOR, lookMs: CHECK_MS, lingerMs: LINGER_MS, machine: machineTime };
    this.#group = group;
    this.#weightFile = weightFile;
    this.#options = { ...defaults, ...options };
  }

  begin(): () => void {
    // The group may have been removed with its last sandbox, and made again.
    this.#apply();
    // What ran before is no measure.
    if (this.#running++ === 0) this.#before = this.#now();
    const { floor, lookMs } = this.#options;
    if (this.#timer === undefined && floor > 0 && existsSync(join(this.#group, 'cpu.idle')))
      this.#timer = setInterval(() => this.#check(), lookMs).unref();
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#running -= 1;
      this.#endedAt = performance.now();
    };
  }

  #apply(): void {
    const yields = tryWrite(join(this.#group, 'cpu.idle'), this.#share === undefined ? '1' : '0');
    if (yields && this.#share === undefined) return;
    const { name, most, standard } = this.#weightFile;
    const weight = Math.max(2, Math.min(most, Math.round((this.#share ?? LEAST) * standard)));
    tryWrite(join(this.#group, name), String(weight));
  }

  #check(): void {
    if (this.#running === 0) {
      if (performance.now() - this.#endedAt >= this.#options.lingerMs) this.#rest();
      return;
    }
    const [before, now] = [this.#before, this.#now()];
    this.#before = now;
    const passed = (now.at - before.at) / 1_000;
    const spare = (now.idle - before.idle) / Math.max(1, now.total - before.total);
    const part = Math.max(0, now.used - before.used) / (passed * availableParallelism());
    const { floor } = this.#options;
    this.#become(nextShare(this.#share, spare, part / floor, floor));
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#become(undefined);
  }

  #become(share: number | undefined): void {
    if (share === this.#share) return;
    this.#share = share;
    this.#apply();
  }

  #now(): Sample {
    return { ...this.#options.machine(), used: secondsOf(this.#group), at: performance.now() };
  }
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
