import type { BodyFraming } from './response-head.ts';
import { ChunkedDecoder, type Piece } from './chunked.ts';

/** Bytes to pass on. `done`: the body is complete. */
export type DecodeResult = Readonly<{ pieces: readonly Piece[]; done: boolean }>;

const NOTHING: readonly Piece[] = [];

/** Decodes the body of a function's response as it passes through. Its end is determined by the framing alone. */
export class ResponseBodyDecoder {
  /** Bytes came after its end: the connection is good for nothing more. */
  extraBytes = false;
  readonly #framing: BodyFraming;
  readonly #chunks: ChunkedDecoder | undefined;
  #left: number;

  constructor(framing: BodyFraming) {
    this.#framing = framing;
    this.#left = framing.kind === 'length' ? framing.length : 0;
    this.#chunks = framing.kind === 'chunked' ? new ChunkedDecoder() : undefined;
  }

  /** Whether the client gets it in chunks. */
  get chunked(): boolean {
    return this.#framing.kind === 'chunked' || this.#framing.kind === 'close';
  }

  /** Nothing of it is to come. */
  get empty(): boolean {
    return this.#framing.kind === 'none' || (this.#framing.kind === 'length' && this.#left === 0);
  }

  /** Returns undefined when the bytes are invalid. `content` gets the content, without framing. */
  decode(bytes: Buffer, content: (bytes: Buffer) => void): DecodeResult | undefined {
    switch (this.#framing.kind) {
      case 'none':
        this.extraBytes = bytes.length > 0;
        return { pieces: NOTHING, done: true };
      case 'length': {
        this.extraBytes = bytes.length > this.#left;
        const own = this.extraBytes ? bytes.subarray(0, this.#left) : bytes;
        this.#left -= own.length;
        if (own.length > 0) content(own);
        return { pieces: own.length > 0 ? [own] : NOTHING, done: this.#left === 0 };
      }
      case 'chunked': {
        const pieces = this.#chunks?.decode(bytes, content);
        if (this.#chunks === undefined || pieces === undefined) return undefined;
        this.extraBytes = this.#chunks.used < bytes.length;
        return { pieces, done: this.#chunks.done };
      }
      case 'close':
        if (bytes.length === 0) return { pieces: NOTHING, done: false };
        content(bytes);
        return { pieces: [`${bytes.length.toString(16)}\r\n`, bytes, '\r\n'], done: false };
    }
  }

  /** Handles the end of the connection. Returns undefined when it is premature. */
  end(): readonly Piece[] | undefined {
    return this.#framing.kind === 'close' ? ['0\r\n\r\n'] : undefined;
  }
}
