import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { DeploymentId } from '@anchor/core/names/id.ts';

type State = { path: string; size: number; ino: number; rest: string; tags: Set<string> };

const MAX_STATES = 1000;
const CHUNK = 64 * 1024;

/**
 * Which tags a deployment's functions have invalidated since it was built: the file they append `{tag, at}` lines to,
 * read on as it grows. Looking costs one stat. A build is older than every line, so a tag that occurs is stale.
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
    if (state.tags.size === 0) return false;
    for (const tag of tags) {
      if (state.tags.has(tag)) return true;
    }
    return false;
  }

  #current(deploymentId: DeploymentId): State {
    let state = this.#states.get(deploymentId);
    if (state === undefined) {
      state = { path: this.#pathOf(deploymentId), size: 0, ino: 0, rest: '', tags: new Set() };
      if (this.#states.size >= MAX_STATES) this.#states.clear();
      this.#states.set(deploymentId, state);
    }
    try {
      const stat = statSync(state.path, { throwIfNoEntry: false });
      if (stat === undefined) {
        if (state.size > 0) reset(state, 0);
        return state;
      }
      if (stat.ino === state.ino && stat.size === state.size) return state;
      if (stat.ino !== state.ino || stat.size < state.size) reset(state, stat.ino);
      readOn(state, stat.size);
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
}

function readOn(state: State, until: number): void {
  const file = openSync(state.path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(CHUNK, until - state.size));
    while (state.size < until) {
      const count = readSync(file, buffer, 0, Math.min(buffer.length, until - state.size), state.size);
      if (count === 0) break;
      state.size += count;
      // Bytes, not characters, so that a letter cut by the chunk's end comes together again.
      const lines = (state.rest + buffer.toString('latin1', 0, count)).split('\n');
      state.rest = lines.pop() ?? '';
      for (const line of lines) {
        const tag = tagOf(line);
        if (tag !== undefined) state.tags.add(tag);
      }
    }
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
