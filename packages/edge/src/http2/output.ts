import type { Socket } from 'node:net';
import { FLAG, FRAME, FRAME_HEADER_BYTES, MAX_FRAME_BYTES, writeFrameHeader, writeUint32 } from './frames.ts';

/** The most that is gathered for one write. */
const BATCH_BYTES = 128 * 1024;

/**
 * Frames of one turn of the event loop, which leave in one write. The memory is shared by all connections: what it
 * holds is written before another connection uses it.
 */
const shared: { bytes: Buffer; used: number; owner: FrameOutput | undefined } = {
  bytes: Buffer.allocUnsafeSlow(BATCH_BYTES),
  used: 0,
  owner: undefined,
};

/** A dynamic table size update: to 0. */
const NO_TABLE = Buffer.of(0x20);

/** Writes the frames of one connection. */
export class FrameOutput {
  readonly #socket: Socket;
  /** A TLS socket encrypts, and with it copies, what it is given before `write` returns, unless a write is in flight. */
  readonly #copies: boolean;

  /** The next header block has to start with the size of the table that it does not use (RFC 7541, 4.2). */
  announces = false;
  #announced = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#copies = 'encrypted' in socket && socket.encrypted === true;
  }

  /** The client reads more slowly than it is sent to: body bytes and further requests have to wait for 'drain'. */
  get blocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Returns memory for `length` bytes at `at`; see `advance`. `length` is at most BATCH_BYTES. */
  reserve(length: number): Buffer {
    if (shared.owner !== this) {
      shared.owner?.flush();
      shared.owner = this;
    }
    if (shared.used + length > BATCH_BYTES) this.flush();
    return shared.bytes;
  }

  /** Where reserved memory starts. */
  get at(): number {
    return shared.used;
  }

  /** Keeps what was written to reserved memory, up to `end`. */
  advance(end: number): void {
    shared.used = end;
  }

  /** Writes a frame whose payload is at hand. */
  frame(type: number, flags: number, streamId: number, payload: Buffer): void {
    const bytes = this.reserve(FRAME_HEADER_BYTES + payload.length);
    const at = writeFrameHeader(bytes, this.at, payload.length, type, flags, streamId);
    this.advance(at + payload.copy(bytes, at));
  }

  /** Writes a frame whose payload is one number. */
  number(type: number, streamId: number, value: number): void {
    const bytes = this.reserve(FRAME_HEADER_BYTES + 4);
    const at = writeFrameHeader(bytes, this.at, 4, type, 0, streamId);
    writeUint32(bytes, at, value);
    this.advance(at + 4);
  }

  /** Tells the client once that no table is used, after it has reduced its own. */
  announceNoTable(): void {
    this.announces = !this.#announced;
  }

  /** Writes a header block, in as many frames as it needs. */
  headers(streamId: number, block: Buffer, endStream: boolean): void {
    if (this.announces) {
      this.announces = false;
      this.#announced = true;
      return this.headers(streamId, Buffer.concat([NO_TABLE, block]), endStream);
    }
    const end = endStream ? FLAG.endStream : 0;
    for (let from = 0, type: number = FRAME.headers; ; type = FRAME.continuation) {
      const to = Math.min(block.length, from + MAX_FRAME_BYTES);
      const last = to === block.length ? FLAG.endHeaders : 0;
      this.frame(type, type === FRAME.headers ? end | last : last, streamId, block.subarray(from, to));
      if (last !== 0) return;
      from = to;
    }
  }

  /** Writes what was gathered. */
  flush(): void {
    if (shared.owner !== this || shared.used === 0) return;
    const socket = this.#socket;
    const bytes = shared.bytes.subarray(0, shared.used);
    shared.used = 0;
    if (socket.destroyed || socket.writableEnded) return;
    // Behind a write in flight it waits in the socket, and must not change.
    if (socket.writableLength > 0) return void socket.write(Buffer.from(bytes));
    socket.write(bytes);
    if (!this.#copies && socket.writableLength > 0) shared.bytes = Buffer.allocUnsafeSlow(BATCH_BYTES);
  }
}
