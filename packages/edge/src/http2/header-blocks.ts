import type { Head } from '../http1/own/request-head.ts';
import { HeaderDecoder, type HeaderList } from './hpack/decoder.ts';
import { readRequest, requestText, type RequestFields } from './request-head.ts';

/** The head of a request, shared by all requests with the same block. */
export type DecodedRequest = {
  readonly fields: RequestFields | 'malformed' | 'method' | 'too large';
  /** Set from the second time on: the key of the response memo. Not for hosts that the connection is not for. */
  text: string | undefined;
  /** The head as the edge's handler gets it, where it has no body. */
  head: Head | undefined;
};

/** Longer blocks are seldom sent twice. */
const MAX_MEMO_BYTES = 512;
const MAX_MEMO_ENTRIES = 64;

/**
 * Decodes the header blocks of one connection. A block that repeats an earlier one means the same while the dynamic
 * table is unchanged, and is not decoded again.
 */
export class HeaderBlocks {
  readonly #decoder: HeaderDecoder;
  readonly #isCovered: (header: string) => boolean;
  readonly #memo = new Map<string, DecodedRequest>();
  #generation = 0;

  /** `isCovered`: returns whether the connection is for the host of a Host header. */
  constructor(maxListBytes: number, maxFields: number, isCovered: (header: string) => boolean) {
    this.#isCovered = isCovered;
    this.#decoder = new HeaderDecoder(maxListBytes, maxFields);
  }

  /** Decodes the head of a request. Undefined: the connection cannot go on. */
  request(bytes: Buffer, from: number, to: number): DecodedRequest | undefined {
    if (to - from > MAX_MEMO_BYTES) return this.#decode(bytes, from, to);
    if (this.#decoder.generation !== this.#generation) this.#forget();
    const key = bytes.toString('latin1', from, to);
    const known = this.#memo.get(key);
    if (known !== undefined) {
      const { fields } = known;
      if (known.text === undefined && typeof fields !== 'string' && this.#isCovered(fields.headers.host ?? ''))
        known.text = requestText(fields);
      return known;
    }
    const decoded = this.#decode(bytes, from, to);
    if (decoded === undefined || this.#decoder.generation !== this.#generation) return decoded;
    if (this.#memo.size >= MAX_MEMO_ENTRIES) this.#memo.clear();
    this.#memo.set(key, decoded);
    return decoded;
  }

  #forget(): void {
    this.#generation = this.#decoder.generation;
    this.#memo.clear();
  }

  /** Decodes trailers, or a block that is only decoded for the table's sake. */
  other(bytes: Buffer, from: number, to: number): HeaderList | undefined {
    return this.#decoder.decode(bytes, from, to);
  }

  #decode(bytes: Buffer, from: number, to: number): DecodedRequest | undefined {
    const list = this.#decoder.decode(bytes, from, to);
    if (list === undefined) return undefined;
    const fields = list.tooLarge ? 'too large' : readRequest(list.fields);
    return { fields, text: undefined, head: undefined };
  }
}
