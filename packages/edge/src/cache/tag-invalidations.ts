import type { Freshness } from '../util/page-metadata.ts';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import { parseTagInvalidation } from '@anchor/protocol/tag-invalidations.ts';
/**
 * Milliseconds since the epoch. Older than `floor`: must not be used. Older than `stale`: is revalidated, and must not
 * be used from `expires` on.
 */
type Tag = { floor: number; stale: number; expires: number };
type LogState = {
  path: string;
  size: number;
  ino: number;
  birthtimeMs: number;
  partialLine: string;
  tags: Map<string, Tag>;
  /** Not read to its end: any tag may be in it. */
  incomplete: boolean;
  /** The log's directory exists or never did, so that an absent log means that nothing was invalidated. */
  placed: boolean;
  /** Characters of its tags, and whether they were too many: then they are unknown. */
  chars: number;
  overBudget: boolean;
  /** Event-loop tick of the last read. */
  tick: number;
};

const MAX_STATES = 1000;
const CHUNK = 64 * 1024;
/** Bytes read at once, so that no project's log delays the requests of others. */
const MAX_BYTES_PER_READ = 1024 * 1024;
/** A longer log, or line, is no record of invalidations: nothing counts as fresh. */
const MAX_LOG = 64 * 1024 * 1024;
const MAX_LINE = 64 * 1024;
const MAX_TAGS = 200_000;
/** Characters of the tags of all logs together. */
const MAX_CHARS = 64 * 1024 * 1024;
/** A tag's times, and its slot. */
const CHARS_PER_TAG = 100;

/**
 * Reads which tags a deployment's functions have invalidated, and when: the file to which they append
 * `{tag, at, expires?}` lines, followed as it grows. Each check costs one stat. A line without `expires` invalidates
 * every entry with the tag that is older than `at`. With it, such entries are stale until then, while they are
 * revalidated (null: without end).
 *
 * The function can put anything in the file's place: a link, a pipe, a terabyte. Only a regular file is read, in
 * bounded pieces and without blocking; until it is read to its end, pages with tags are left to the function.
 */
export class TagInvalidationLog {
  readonly #pathOf: (deploymentId: DeploymentId) => string;
  readonly #states = new Map<string, LogState>();
  readonly #tick: () => number;
  readonly #maxChars: number;

  /**
   * Creates the reader of the logs. `tick`: within one tick, a log is checked once; without it, at every call.
   * `maxChars`: of all tags.
   */
  constructor(pathOf: (deploymentId: DeploymentId) => string, tick: () => number = everyCall(), maxChars = MAX_CHARS) {
    this.#pathOf = pathOf;
    this.#tick = tick;
    this.#maxChars = maxChars;
  }

  /** Returns the freshness of what has the tags and was rendered at `madeAt`. */
  freshness(deploymentId: DeploymentId, tags: readonly string[], madeAt: number, now: number): Freshness {
    if (tags.length === 0) return 'fresh';
    const state = this.#current(deploymentId);
    if (state.incomplete || state.overBudget) return 'expired';
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

  #current(deploymentId: DeploymentId): LogState {
    let state = this.#states.get(deploymentId);
    if (state === undefined) {
      state = {
        path: this.#pathOf(deploymentId),
        size: 0,
        ino: 0,
        birthtimeMs: 0,
        partialLine: '',
        tags: new Map(),
        incomplete: false,
        placed: false,
        chars: 0,
        overBudget: false,
        tick: -1,
      };
      if (this.#states.size >= MAX_STATES) this.#states.clear();
      this.#states.set(deploymentId, state);
    }
    const tick = this.#tick();
    if (state.tick === tick) return state;
    state.tick = tick;
    this.#readNew(state);
    return state;
  }

  #readNew(state: LogState): void {
    try {
      const stat = lstatSync(state.path, { throwIfNoEntry: false });
      if (stat === undefined) {
        if (state.size > 0 || state.incomplete) reset(state, 0, 0);
        // The directory may be a link to a disk that is not mounted yet after a reboot: the log is on that disk.
        state.incomplete = !state.placed && isDangling(dirname(state.path));
        state.placed = !state.incomplete;
        return;
      }
      const same = stat.ino === state.ino && stat.birthtimeMs === state.birthtimeMs;
      if (same && stat.size === state.size) {
        state.incomplete = !stat.isFile();
        return;
      }
      if (!same || stat.size < state.size) reset(state, stat.ino, stat.birthtimeMs);
      if (state.overBudget) return;
      state.incomplete = !stat.isFile() || !readFurther(state, stat.size);
      this.#shrink();
    } catch {
      // An unreadable log invalidates nothing; the functions' own caches still read it.
    }
  }

  /** Drops the tags of the log that has most, while all together are too many: its pages are left to its function. */
  #shrink(): void {
    let total = 0;
    for (const { chars } of this.#states.values()) total += chars;
    while (total > this.#maxChars) {
      let largest: LogState | undefined;
      for (const state of this.#states.values())
        if (largest === undefined || state.chars > largest.chars) largest = state;
      if (largest === undefined || largest.chars === 0) return;
      total -= largest.chars;
      largest.tags.clear();
      largest.partialLine = '';
      largest.chars = 0;
      largest.overBudget = true;
    }
  }
}

function isDangling(path: string): boolean {
  return (
    lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true &&
    statSync(path, { throwIfNoEntry: false }) === undefined
  );
}

function everyCall(): () => number {
  let tick = 0;
  return () => ++tick;
}

function reset(state: LogState, ino: number, birthtimeMs: number): void {
  state.size = 0;
  state.ino = ino;
  state.birthtimeMs = birthtimeMs;
  state.partialLine = '';
  state.tags.clear();
  state.incomplete = false;
  state.chars = 0;
  state.overBudget = false;
}

/** Reads what was appended since, at most one piece. False when more is left, or the log cannot be followed. */
function readFurther(state: LogState, until: number): boolean {
  if (until > MAX_LOG || state.tags.size > MAX_TAGS) return false;
  const file = openSync(state.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = fstatSync(file);
    if (!opened.isFile() || opened.ino !== state.ino) return false;
    const end = Math.min(until, state.size + MAX_BYTES_PER_READ);
    const buffer = Buffer.alloc(Math.min(CHUNK, end - state.size));
    while (state.size < end) {
      const count = readSync(file, buffer, 0, Math.min(buffer.length, end - state.size), state.size);
      if (count === 0) break;
      state.size += count;
      // Bytes, not characters, so that a character cut by the chunk's end is put together.
      const lines = (state.partialLine + buffer.toString('latin1', 0, count)).split('\n');
      state.partialLine = lines.pop() ?? '';
      if (state.partialLine.length > MAX_LINE) state.partialLine = '';
      for (const line of lines) apply(state, line);
    }
    return state.size >= until;
  } finally {
    closeSync(file);
  }
}

function apply(state: LogState, line: string): void {
  if (line === '') return;
  const entry = parseTagInvalidation(Buffer.from(line, 'latin1').toString('utf8'));
  if (entry === undefined) return;
  const { tags } = state;
  const known = tags.get(entry.tag);
  if (known === undefined) state.chars += entry.tag.length + CHARS_PER_TAG;
  const tag = known ?? { floor: 0, stale: 0, expires: Infinity };
  if (entry.expires === undefined) tag.floor = Math.max(tag.floor, entry.at);
  else {
    tag.stale = Math.max(tag.stale, entry.at);
    // Next.js keeps the latest plan only.
    tag.expires = entry.expires ?? Infinity;
  }
  tags.set(entry.tag, tag);
}
