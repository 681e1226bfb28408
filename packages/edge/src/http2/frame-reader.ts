import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES, PREFACE, readUint31 } from './frames.ts';

/** Receives the frames of a connection. A payload is only valid during the call. */
export interface FrameHandler {
  /** False: nothing more is read. */
  frame(type: number, flags: number, streamId: number, bytes: Buffer, from: number, to: number): boolean;
  /** Handles a frame that is larger than allowed. */
  oversized(): void;
  /** Handles bytes that are not HTTP/2. */
  notHttp2(): void;
}

/** Cuts received bytes into frames: those that arrived whole are read where they are. */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** How much of the preface has arrived. */
  #preface = 0;
  /** The start of a frame whose rest is to come; its size is known once its header is complete. */
  #partial: Buffer | undefined;
  #got = 0;
  #closed = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Whether the start of a frame, or of the preface, waits for the rest. */
  get incomplete(): boolean {
    return this.#partial !== undefined || this.#preface < PREFACE.length;
  }

  /** Reads the first `length` bytes; their memory is reused afterwards. */
  receive(bytes: Buffer, length: number): void {
    let at = this.#preface < PREFACE.length ? this.#readPreface(bytes, length) : 0;
    while (at < length && !this.#closed) {
      if (this.#partial !== undefined) {
        at += this.#fill(this.#partial, bytes, at, length);
        continue;
      }
      const left = length - at;
      const size = left < FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : this.#sizeOf(bytes, at);
      if (left >= size && size > 0) {
        this.#pass(bytes, at, at + size);
        at += size;
      } else if (size > 0) {
        this.#partial = Buffer.allocUnsafeSlow(size);
        this.#got = 0;
      }
    }
  }

  /** Reads no more. */
  close(): void {
    this.#closed = true;
    this.#partial = undefined;
  }

  #readPreface(bytes: Buffer, length: number): number {
    const from = this.#preface;
    const end = Math.min(PREFACE.length, from + length);
    if (bytes.compare(PREFACE, from, end, 0, end - from) !== 0) {
      this.close();
      this.#handler.notHttp2();
    }
    this.#preface = end;
    return end - from;
  }

  /** Adds to a frame. Returns how much was used. */
  #fill(partial: Buffer, bytes: Buffer, at: number, length: number): number {
    const used = bytes.copy(partial, this.#got, at, length);
    this.#got += used;
    if (this.#got < partial.length) return used;
    const size = this.#sizeOf(partial, 0);
    if (size > partial.length) {
      this.#partial = Buffer.allocUnsafeSlow(size);
      partial.copy(this.#partial, 0, 0, this.#got);
    } else if (size > 0) {
      this.#partial = undefined;
      this.#pass(partial, 0, size);
    }
    return used;
  }

  /** Returns the size of the frame at `at`, or 0 after it was found to be too large. */
  #sizeOf(bytes: Buffer, at: number): number {
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (length <= MAX_FRAME_BYTES) return FRAME_HEADER_BYTES + length;
    this.close();
    this.#handler.oversized();
    return 0;
  }

  #pass(bytes: Buffer, at: number, to: number): void {
    const id = readUint31(bytes, at + 5);
    if (!this.#handler.frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, id, bytes, at + FRAME_HEADER_BYTES, to))
      this.close();
  }
}
