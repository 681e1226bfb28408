import type { Framing } from './answer-head.ts';
import { ChunkedBody, type Piece } from './chunked.ts';

/** What to pass on of some bytes. `done`: the body is whole. */
export type Fed = Readonly<{ pieces: readonly Piece[]; done: boolean }>;

const NOTHING: readonly Piece[] = [];

/** The body of a function's answer, on its way through: where it ends is told by its framing, and by nothing else. */
export class AnswerBody {
  /** Bytes came after its end: the connection is good for nothing more. */
  overrun = false;
  readonly #framing: Framing;
  readonly #chunks: ChunkedBody | undefined;
  #left: number;

  constructor(framing: Framing) {
    this.#framing = framing;
    this.#left = framing.kind === 'length' ? framing.length : 0;
    this.#chunks = framing.kind === 'chunked' ? new ChunkedBody() : undefined;
  }

  /** Whether the visitor gets it in chunks. */
  get chunked(): boolean {
    return this.#framing.kind === 'chunked' || this.#framing.kind === 'close';
  }

  /** Nothing of it is to come. */
  get empty(): boolean {
    return this.#framing.kind === 'none' || (this.#framing.kind === 'length' && this.#left === 0);
  }

  /** Undefined when the bytes are not in order. `content` gets what they say, without framing. */
  feed(bytes: Buffer, content: (bytes: Buffer) => void): Fed | undefined {
    switch (this.#framing.kind) {
      case 'none':
        this.overrun = bytes.length > 0;
        return { pieces: NOTHING, done: true };
      case 'length': {
        this.overrun = bytes.length > this.#left;
        const own = this.overrun ? bytes.subarray(0, this.#left) : bytes;
        this.#left -= own.length;
        if (own.length > 0) content(own);
        return { pieces: own.length > 0 ? [own] : NOTHING, done: this.#left === 0 };
      }
      case 'chunked': {
        const pieces = this.#chunks?.feed(bytes, content);
        if (this.#chunks === undefined || pieces === undefined) return undefined;
        this.overrun = this.#chunks.used < bytes.length;
        return { pieces, done: this.#chunks.done };
      }
      case 'close':
        if (bytes.length === 0) return { pieces: NOTHING, done: false };
        content(bytes);
        return { pieces: [`${bytes.length.toString(16)}\r\n`, bytes, '\r\n'], done: false };
    }
  }

  /** The connection has ended. Undefined when that is too early. */
  end(): readonly Piece[] | undefined {
    return this.#framing.kind === 'close' ? ['0\r\n\r\n'] : undefined;
  }
}
