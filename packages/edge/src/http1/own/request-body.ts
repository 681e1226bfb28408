/** Buffers the small bodies of one worker's requests, within a shared memory limit. */
export class RequestBodies {
  /** The largest that is kept. */
  readonly largest: number;
  #left: number;

  constructor(largest: number, limitBytes: number) {
    this.largest = largest;
    this.#left = limitBytes;
  }

  /** Returns a body, or undefined when the memory budget is used up. */
  open(length: number): RequestBody | undefined {
    if (length > this.#left) return undefined;
    this.#left -= length;
    return new RequestBody(length, () => {
      this.#left += length;
    });
  }
}

const NOTHING = Buffer.alloc(0);

/**
 * Buffers the body of a request, from its first byte until the response is complete or the body is no longer needed.
 */
export class RequestBody {
  #bytes: Buffer;
  #got = 0;
  #free: (() => void) | undefined;

  constructor(length: number, free: () => void) {
    // Memory of its own: a piece of the shared pool would keep all of it.
    this.#bytes = Buffer.allocUnsafeSlow(length);
    this.#free = free;
  }

  get whole(): boolean {
    return this.#got === this.#bytes.length;
  }

  /** Returns the bytes received so far. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#got);
  }

  /** Takes the bytes that belong to the body. Returns their number. */
  add(bytes: Buffer, length: number): number {
    const own = bytes.copy(this.#bytes, this.#got, 0, length);
    this.#got += own;
    return own;
  }

  /** Adds text with one character per byte. */
  addText(text: string, from: number): number {
    const own = this.#bytes.write(text.slice(from, from + this.#bytes.length - this.#got), this.#got, 'latin1');
    this.#got += own;
    return own;
  }

  /** Gives its memory back. */
  drop(): void {
    this.#bytes = NOTHING;
    this.#got = 0;
    this.#free?.();
    this.#free = undefined;
  }
}
