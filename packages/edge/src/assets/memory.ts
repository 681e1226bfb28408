/** Bytes of small files, least recently used out first. */
export class Memory {
  readonly #limit: number;
  readonly #items = new Map<string, Buffer>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get(key: string): Buffer | undefined {
    const item = this.#items.get(key);
    // Moving an item to the end costs more than the answer saves while nothing has to leave.
    if (item !== undefined && this.#bytes > this.#limit * 0.75) {
      this.#items.delete(key);
      this.#items.set(key, item);
    }
    return item;
  }

  set(key: string, bytes: Buffer): void {
    if (bytes.length > this.#limit || this.#items.has(key)) return;
    this.#items.set(key, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, item] of this.#items) {
      if (this.#bytes <= this.#limit) break;
      this.#items.delete(oldest);
      this.#bytes -= item.length;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }
  get count(): number {
    return this.#items.size;
  }
}
