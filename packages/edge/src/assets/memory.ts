import { Recent } from '../recent.ts';

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
  readonly #files: Recent<Kept>;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
    this.#files = new Recent(limitBytes);
  }

  get(key: string): Kept | undefined {
    return this.#files.get(key);
  }

  set(key: string, bytes: Kept): void {
    if (bytes.length <= this.#limit) this.#files.set(key, bytes, bytes.length);
  }

  get bytes(): number {
    return this.#files.bytes;
  }
  get count(): number {
    return this.#files.count;
  }
}
