import type { PathIndex } from './path-index.ts';

/** Entries of one site that are prepared at a time: about a kilobyte each. */
const MAX_READY = 4_096;

/** Holds the values of an index, each prepared at its first use. */
export class LazyIndex<T> {
  readonly #index: PathIndex;
  readonly #make: (value: unknown, path: string) => T;
  readonly #ready = new Map<string, T>();

  constructor(index: PathIndex, make: (value: unknown, path: string) => T) {
    this.#index = index;
    this.#make = make;
  }

  get(path: string): T | undefined {
    const known = this.#ready.get(path);
    if (known !== undefined) return known;
    const text = this.#index.find(path);
    if (text === undefined) return undefined;
    const value = this.#make(JSON.parse(text), path);
    if (this.#ready.size >= MAX_READY)
      for (const oldest of this.#ready.keys()) {
        this.#ready.delete(oldest);
        break;
      }
    this.#ready.set(path, value);
    return value;
  }

  get size(): number {
    return this.#index.size;
  }
}
