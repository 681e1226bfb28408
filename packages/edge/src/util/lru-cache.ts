/**
 * Returns whether the order of use must be tracked: moving an entry to the end costs more than a hit saves while
 * nothing is evicted.
 */
export const shouldTrackRecency = (bytes: number, limit: number): boolean => bytes > limit * 0.75;

/** Marks an entry of a map in order of use as just used. */
export function touch<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
}

type Entry<V> = Readonly<{ value: V; bytes: number; owner: string }>;

/**
 * Implements a weighted LRU cache: evicts the least recently used entry of the owner with the most, so that no owner
 * evicts the entries of others. The newest entry stays, unless its owner has nothing else.
 */
export class LruCache<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #owned = new Map<string, number>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (shouldTrackRecency(this.#bytes, this.#limit)) touch(this.#entries, key, entry);
    return entry.value;
  }

  /** Returns a value without counting as use. */
  peek(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  /** Stores a value. `owner`: whose entries are evicted for it; without one all are alike. */
  set(key: string, value: V, bytes: number, owner = ''): void {
    this.delete(key);
    this.#entries.set(key, { value, bytes, owner });
    this.#weigh(owner, bytes);
    while (this.#bytes > this.#limit) {
      const leaving = this.#leaving(key);
      if (leaving === undefined) return;
      this.delete(leaving);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#weigh(entry.owner, -entry.bytes);
  }

  #weigh(owner: string, bytes: number): void {
    this.#bytes += bytes;
    const owned = (this.#owned.get(owner) ?? 0) + bytes;
    if (owned === 0) this.#owned.delete(owner);
    else this.#owned.set(owner, owned);
  }

  /** Returns the entry to evict next; never `newest`. */
  #leaving(newest: string): string | undefined {
    const most = Math.max(...this.#owned.values());
    let other: string | undefined;
    for (const [key, { owner }] of this.#entries) {
      if (key === newest) continue;
      if (this.#owned.get(owner) === most) return key;
      other ??= key;
    }
    return other;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get count(): number {
    return this.#entries.size;
  }
}
