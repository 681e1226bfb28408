/** The small bodies of requests that one worker keeps whole, and how much memory they may take together. */
export class RequestBodies {
  /** The largest that is kept. */
  readonly largest: number;
  #left: number;

  constructor(largest: number, limitBytes: number) {
    this.largest = largest;
    this.#left = limitBytes;
  }

  /** Undefined where there is no room. */
  open(length: number): RequestBody | undefined {
    if (length > this.#left) return undefined;
    this.#left -= length;
    return new RequestBody(length, () => { this.#left += length; });
  }
}

const NOTHING = Buffer.alloc(0);

/** The body of a request, from its first byte until it has been answered or nobody needs it any more. */
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

  /** What has come of it. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#got);
  }

  /** Takes what belongs to it; answers how much that is. */
  add(bytes: Buffer, length: number): number {
    const own = bytes.copy(this.#bytes, this.#got, 0, length);
    this.#got += own;
    return own;
  }

  /** The same of text with one character a byte. */
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
