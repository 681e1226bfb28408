/** Whether the order of use is to be kept up: moving an entry to the end costs more than the answer saves while nothing has to leave. */
export const orderMatters = (bytes: number, limit: number): boolean => bytes > limit * 0.75;

/** Marks an entry of a map, whose order is that of use, as used just now. */
export function moveToEnd<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key);
  map.set(key, value);
}

/** Values by name and with what they weigh, least recently used out first. What was put in last stays, whatever it weighs. */
export class Recent<V> {
  readonly #limit: number;
  readonly #entries = new Map<string, Readonly<{ value: V; bytes: number }>>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (orderMatters(this.#bytes, this.#limit)) moveToEnd(this.#entries, key, entry);
    return entry.value;
  }

  /** `get` that does not count as use. */
  peek(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, value: V, bytes: number): void {
    this.#bytes += bytes - (this.#entries.get(key)?.bytes ?? 0);
    moveToEnd(this.#entries, key, { value, bytes });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limit || oldest === key) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  get bytes(): number {
    return this.#bytes;
  }
  get count(): number {
    return this.#entries.size;
  }
}
