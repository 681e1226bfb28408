import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { DeploymentId } from '@anchor/core/names/id.ts';

type State = { path: string; size: number; ino: number; rest: string; tags: Set<string>; /** Not read to its end: any tag may be in it. */ behind: boolean };

const MAX_STATES = 1000;
const CHUNK = 64 * 1024;
/** What one look reads, so that no project's log holds up the requests of others. */
const MAX_LOOK = 1024 * 1024;
/** A log that is longer, or a line that is, is no record of invalidations any more: every tag counts as stale. */
const MAX_LOG = 64 * 1024 * 1024;
const MAX_LINE = 64 * 1024;
const MAX_TAGS = 200_000;

/**
 * Which tags a deployment's functions have invalidated since it was built: the file they append `{tag, at}` lines to,
 * read on as it grows. Looking costs one stat. A build is older than every line, so a tag that occurs is stale.
 *
 * The file lies where the function can put anything: a link, a pipe, a terabyte. Only a plain file is read, a piece at a
 * time and without ever waiting; until it is read whole, pages with tags are the function's to answer.
 */
export class TagLogs {
  readonly #pathOf: (deploymentId: DeploymentId) => string;
  readonly #states = new Map<string, State>();

  constructor(pathOf: (deploymentId: DeploymentId) => string) {
    this.#pathOf = pathOf;
  }

  isStale(deploymentId: DeploymentId, tags: readonly string[]): boolean {
    if (tags.length === 0) return false;
    const state = this.#current(deploymentId);
    if (state.behind) return true;
    if (state.tags.size === 0) return false;
    for (const tag of tags) {
      if (state.tags.has(tag)) return true;
    }
    return false;
  }

  #current(deploymentId: DeploymentId): State {
    let state = this.#states.get(deploymentId);
    if (state === undefined) {
      state = { path: this.#pathOf(deploymentId), size: 0, ino: 0, rest: '', tags: new Set(), behind: false };
      if (this.#states.size >= MAX_STATES) this.#states.clear();
      this.#states.set(deploymentId, state);
    }
    try {
      const stat = lstatSync(state.path, { throwIfNoEntry: false });
      if (stat === undefined) {
        if (state.size > 0 || state.behind) reset(state, 0);
        return state;
      }
      if (stat.ino === state.ino && stat.size === state.size) {
        state.behind = !stat.isFile();
        return state;
      }
      if (stat.ino !== state.ino || stat.size < state.size) reset(state, stat.ino);
      state.behind = !stat.isFile() || !readOn(state, stat.size);
    } catch {
      // A log that can not be read says nothing; the functions' own caches still look at it.
    }
    return state;
  }
}

function reset(state: State, ino: number): void {
  state.size = 0;
  state.ino = ino;
  state.rest = '';
  state.tags.clear();
  state.behind = false;
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
      for (const line of lines) {
        const tag = tagOf(line);
        if (tag !== undefined) state.tags.add(tag);
      }
    }
    return state.size >= until;
  } finally {
    closeSync(file);
  }
}

function tagOf(line: string): string | undefined {
  if (line === '') return undefined;
  try {
    const entry: unknown = JSON.parse(Buffer.from(line, 'latin1').toString('utf8'));
    return typeof entry === 'object' && entry !== null && 'tag' in entry && typeof entry.tag === 'string' ? entry.tag : undefined;
  } catch {
    return undefined;
  }
}
