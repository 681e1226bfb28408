/**
 * The bytes of a file: a Buffer, or for short ones a string with one character a byte (latin1), which leaves in one write
 * together with the answer's head.
 */
export type Kept = Buffer | string;

const STRING_BYTES = 16 * 1024;
export const keep = (bytes: Buffer): Kept => (bytes.length <= STRING_BYTES ? bytes.toString('latin1') : bytes);
export const part = (kept: Kept, start: number, end: number): Kept =>
  end - start === kept.length ? kept : typeof kept === 'string' ? kept.slice(start, end) : kept.subarray(start, end);

/** Small files, least recently used out first. */
export class Memory {
  readonly #limit: number;
  readonly #items = new Map<string, Kept>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get(key: string): Kept | undefined {
    const item = this.#items.get(key);
    // Moving an item to the end costs more than the answer saves while nothing has to leave.
    if (item !== undefined && this.#bytes > this.#limit * 0.75) {
      this.#items.delete(key);
      this.#items.set(key, item);
    }
    return item;
  }

  set(key: string, bytes: Kept): void {
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
