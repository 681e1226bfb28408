import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { DeploymentId } from '@anchor/core/names/id.ts';

/** Whether what was made may be used: `stale` once more while it is made anew, `expired` not at all. */
export type Standing = 'fresh' | 'stale' | 'expired';

/** Milliseconds since the epoch. What is older than `floor` must not be used, what is older than `stale` is to be made anew, and must not be used either from `expires` on. */
type Tag = { floor: number; stale: number; expires: number };
type State = {
  path: string; size: number; ino: number; born: number; rest: string; tags: Map<string, Tag>;
  /** Not read to its end: any tag may be in it. */
  behind: boolean;
  /** What its tags take, and that they took too much: they are not known any more. */
  weight: number;
  full: boolean;
  /** In which it was looked at. */
  round: number;
};

const MAX_STATES = 1000;
const CHUNK = 64 * 1024;
/** What one look reads, so that no project's log holds up the requests of others. */
const MAX_LOOK = 1024 * 1024;
/** A log that is longer, or a line that is, is no record of invalidations any more: nothing counts as fresh. */
const MAX_LOG = 64 * 1024 * 1024;
const MAX_LINE = 64 * 1024;
const MAX_TAGS = 200_000;
/** What the tags of all logs together may take. */
const MAX_WEIGHT = 64 * 1024 * 1024;
/** A tag's times, and its place. */
const TAG_WEIGHT = 100;

/**
 * Which tags a deployment's functions have invalidated, and when: the file they append `{tag, at, expires?}` lines to,
 * read on as it grows. Looking costs one stat. A line without `expires` ends the use of everything older than `at` that
 * has the tag; with it that goes on until then, while it is made anew (null: for good).
 *
 * The file lies where the function can put anything: a link, a pipe, a terabyte. Only a plain file is read, a piece at a
 * time and without ever waiting; until it is read whole, pages with tags are the function's to answer.
 */
export class TagLogs {
  readonly #pathOf: (deploymentId: DeploymentId) => string;
  readonly #states = new Map<string, State>();
  readonly #round: () => number;
  readonly #maxWeight: number;

  /** `round`: within one, a log is looked at once. Without it, at every question. `maxWeight`: in characters, of all tags. */
  constructor(pathOf: (deploymentId: DeploymentId) => string, round: () => number = everyTime(), maxWeight = MAX_WEIGHT) {
    this.#pathOf = pathOf;
    this.#round = round;
    this.#maxWeight = maxWeight;
  }

  /** Of what has the tags and was made at `madeAt`. */
  standing(deploymentId: DeploymentId, tags: readonly string[], madeAt: number, now: number): Standing {
    if (tags.length === 0) return 'fresh';
    const state = this.#current(deploymentId);
    if (state.behind || state.full) return 'expired';
    if (state.tags.size === 0) return 'fresh';
    let stale = false;
    for (const name of tags) {
      const tag = state.tags.get(name);
      if (tag === undefined) continue;
      if (tag.floor > madeAt) return 'expired';
      if (tag.stale <= madeAt) continue;
      if (tag.expires <= now) return 'expired';
      stale = true;
    }
    return stale ? 'stale' : 'fresh';
  }

  #current(deploymentId: DeploymentId): State {
    let state = this.#states.get(deploymentId);
    if (state === undefined) {
      state = { path: this.#pathOf(deploymentId), size: 0, ino: 0, born: 0, rest: '', tags: new Map(), behind: false, weight: 0, full: false, round: -1 };
      if (this.#states.size >= MAX_STATES) this.#states.clear();
      this.#states.set(deploymentId, state);
    }
    const round = this.#round();
    if (state.round === round) return state;
    state.round = round;
    this.#look(state);
    return state;
  }

  #look(state: State): void {
    try {
      const stat = lstatSync(state.path, { throwIfNoEntry: false });
      if (stat === undefined) {
        if (state.size > 0 || state.behind) reset(state, 0, 0);
        return;
      }
      const same = stat.ino === state.ino && stat.birthtimeMs === state.born;
      if (same && stat.size === state.size) {
        state.behind = !stat.isFile();
        return;
      }
      if (!same || stat.size < state.size) reset(state, stat.ino, stat.birthtimeMs);
      if (state.full) return;
      state.behind = !stat.isFile() || !readOn(state, stat.size);
      this.#shrink();
    } catch {
      // A log that can not be read says nothing; the functions' own caches still look at it.
    }
  }

  /** Whoever names most gives way, as long as all together name too much: its pages are its function's to answer. */
  #shrink(): void {
    let total = 0;
    for (const { weight } of this.#states.values()) total += weight;
    while (total > this.#maxWeight) {
      let largest: State | undefined;
      for (const state of this.#states.values()) if (largest === undefined || state.weight > largest.weight) largest = state;
      if (largest === undefined || largest.weight === 0) return;
      total -= largest.weight;
      largest.tags.clear();
      largest.rest = '';
      largest.weight = 0;
      largest.full = true;
    }
  }
}

function everyTime(): () => number {
  let round = 0;
  return () => ++round;
}

function reset(state: State, ino: number, born: number): void {
  state.size = 0;
  state.ino = ino;
  state.born = born;
  state.rest = '';
  state.tags.clear();
  state.behind = false;
  state.weight = 0;
  state.full = false;
}

/** Reads what came since the last look, at most a piece of it. False when more is left, or it can not be followed. */
function readOn(state: State, until: number): boolean {
  if (until > MAX_LOG || state.tags.size > MAX_TAGS) return false;
  const file = openSync(state.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = fstatSync(file);
    if (!opened.isFile() || opened.ino !== state.ino) return false;
    const end = Math.min(until, state.size + MAX_LOOK);
    const buffer = Buffer.alloc(Math.min(CHUNK, end - state.size));
    while (state.size < end) {
      const count = readSync(file, buffer, 0, Math.min(buffer.length, end - state.size), state.size);
      if (count === 0) break;
      state.size += count;
      // Bytes, not characters, so that a letter cut by the chunk's end comes together again.
      const lines = (state.rest + buffer.toString('latin1', 0, count)).split('\n');
      state.rest = lines.pop() ?? '';
      if (state.rest.length > MAX_LINE) state.rest = '';
      for (const line of lines) apply(state, line);
    }
    return state.size >= until;
  } finally {
    closeSync(file);
  }
}

function apply(state: State, line: string): void {
  if (line === '') return;
  let entry: unknown;
  try {
    entry = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
  } catch {
    return;
  }
  if (typeof entry !== 'object' || entry === null || !('tag' in entry) || typeof entry.tag !== 'string' || !('at' in entry) || typeof entry.at !== 'number') return;
  const { tags } = state;
  const known = tags.get(entry.tag);
  if (known === undefined) state.weight += entry.tag.length + TAG_WEIGHT;
  const tag = known ?? { floor: 0, stale: 0, expires: Infinity };
  const expires = 'expires' in entry ? entry.expires : undefined;
  if (expires === undefined) tag.floor = Math.max(tag.floor, entry.at);
  else {
    tag.stale = Math.max(tag.stale, entry.at);
    // Next keeps the latest plan only.
    tag.expires = typeof expires === 'number' ? expires : Infinity;
  }
  tags.set(entry.tag, tag);
}
