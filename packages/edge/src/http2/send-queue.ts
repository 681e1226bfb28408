import { FLAG, FRAME, FRAME_HEADER_BYTES, MAX_FRAME_BYTES, writeFrameHeader } from './frames.ts';
import type { FrameOutput } from './output.ts';

type Piece = Buffer | string;

/** High-water mark in bytes, from which on the writer of a body must pause. */
const HIGH = 64 * 1024;

/** Queues the parts of one response that are not framed yet: interim heads, head, body, trailers, and its end. */
export class SendQueue {
  readonly #id: number;
  /** The send window of the stream. Negative after the client has reduced its initial window size. */
  window: number;
  #interim: Buffer[] | undefined;
  #head: Buffer | undefined;
  #headSent = false;
  #pieces: Piece[] = [];
  /** How much of the first piece was sent. */
  #offset = 0;
  #bytes = 0;
  #trailers: Buffer | undefined;
  #ended = false;
  /** The end of the stream was sent. */
  done = false;

  constructor(id: number, window: number) {
    this.#id = id;
    this.window = window;
  }

  get full(): boolean {
    return this.#bytes >= HIGH;
  }

  /** Whether there is something to send that the stream's window allows. */
  get ready(): boolean {
    if (this.done) return false;
    if (this.#interim !== undefined || this.#head !== undefined) return true;
    return this.#headSent && (this.#bytes > 0 ? this.window > 0 : this.#ended);
  }

  /** Whether body bytes wait for the client. */
  get hasBody(): boolean {
    return this.#bytes > 0;
  }

  addInterim(block: Buffer): void {
    (this.#interim ??= []).push(block);
  }

  setHead(block: Buffer): void {
    this.#head = block;
  }

  /** Queues a part of the body. A string has one character per byte. */
  add(piece: Piece): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  end(trailers?: Buffer): void {
    this.#trailers = trailers;
    this.#ended = true;
  }

  /** Marks everything as sent: the response was written elsewhere. */
  finish(): void {
    this.#ended = true;
    this.done = true;
  }

  drop(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#interim = undefined;
    this.#head = undefined;
  }

  /** Writes heads, and one frame of at most `allowance` body bytes. Returns the number of these. */
  write(output: FrameOutput, allowance: number): number {
    if (this.#interim !== undefined) {
      for (const block of this.#interim) output.headers(this.#id, block, false);
      this.#interim = undefined;
    }
    if (this.#head !== undefined) {
      this.done = this.#ended && this.#bytes === 0 && this.#trailers === undefined;
      output.headers(this.#id, this.#head, this.done);
      this.#head = undefined;
      this.#headSent = true;
    }
    if (!this.#headSent || this.done) return 0;
    const length = Math.min(this.#bytes, MAX_FRAME_BYTES, this.window, allowance);
    if (length > 0) this.#writeData(output, length);
    if (this.#ended && this.#bytes === 0 && !this.done) this.#writeEnd(output);
    return Math.max(0, length);
  }

  #writeData(output: FrameOutput, length: number): void {
    this.done = this.#ended && length === this.#bytes && this.#trailers === undefined;
    const bytes = output.reserve(FRAME_HEADER_BYTES + length);
    let at = writeFrameHeader(bytes, output.at, length, FRAME.data, this.done ? FLAG.endStream : 0, this.#id);
    let sent = 0;
    for (let left = length; left > 0;) {
      const piece = this.#pieces[sent] ?? '';
      const take = Math.min(left, piece.length - this.#offset);
      if (typeof piece === 'string') bytes.write(piece.slice(this.#offset, this.#offset + take), at, 'latin1');
      else piece.copy(bytes, at, this.#offset, this.#offset + take);
      at += take;
      left -= take;
      this.#offset += take;
      if (this.#offset < piece.length) break;
      this.#offset = 0;
      sent++;
    }
    if (sent > 0) this.#pieces.splice(0, sent);
    output.advance(at);
    this.#bytes -= length;
    this.window -= length;
  }

  #writeEnd(output: FrameOutput): void {
    this.done = true;
    if (this.#trailers !== undefined && this.#trailers.length > 0)
      return output.headers(this.#id, this.#trailers, true);
    const at = writeFrameHeader(output.reserve(FRAME_HEADER_BYTES), output.at, 0, FRAME.data, FLAG.endStream, this.#id);
    output.advance(at);
  }
}
