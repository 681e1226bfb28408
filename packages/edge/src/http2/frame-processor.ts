import { ERROR, FLAG, FRAME, MAX_WINDOW, readUint31, type ErrorCode } from './frames.ts';
import type { ClientSettings } from './client-settings.ts';
import type { HeaderBlocks } from './header-blocks.ts';
import { MAX_BLOCK_FRAMES, MAX_STREAMS } from './limits.ts';
import type { RequestDispatcher } from './request-dispatcher.ts';
import { areTrailers } from './request-head.ts';
import type { Http2Server } from './server.ts';
import type { StreamTable } from './stream-table.ts';

/** A header block that is not complete. */
type PartialBlock = { id: number; flags: number; bytes: Buffer; deadline: number; frames: number };

export type FrameProcessorParts = Readonly<{
  server: Pick<Http2Server, 'maxHeaderBytes' | 'headersMs' | 'time'>;
  streams: StreamTable;
  requests: RequestDispatcher;
  client: ClientSettings;
  blocks: HeaderBlocks;
}>;

/** Processes the frames of one connection. Methods return a connection error (RFC 9113, section 5.4.1), if any. */
export class FrameProcessor {
  readonly #server: FrameProcessorParts['server'];
  readonly #streams: StreamTable;
  readonly #requests: RequestDispatcher;
  readonly #client: ClientSettings;
  readonly #blocks: HeaderBlocks;
  #block: PartialBlock | undefined;
  /** Whether the client's first SETTINGS frame has arrived. */
  settled = false;
  /** Whether GOAWAY was sent: streams above the last one that it names are not served. */
  closing = false;

  constructor({ server, streams, requests, client, blocks }: FrameProcessorParts) {
    this.#server = server;
    this.#streams = streams;
    this.#requests = requests;
    this.#client = client;
    this.#blocks = blocks;
  }

  /** The deadline of an incomplete header block. */
  get blockDeadline(): number {
    return this.#block?.deadline ?? Infinity;
  }

  process(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    // No other frame may interrupt a header block, or precede SETTINGS.
    if (this.#block !== undefined && (type !== FRAME.continuation || id !== this.#block.id)) return ERROR.protocol;
    if (!this.settled && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)) return ERROR.protocol;
    return this.#read(type, flags, id, bytes, from, to);
  }

  #read(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    switch (type) {
      case FRAME.data:
        return this.#onData(flags, id, bytes, from, to);
      case FRAME.headers:
        return this.#onHeaders(flags, id, bytes, from, to);
      case FRAME.continuation:
        return this.#onContinuation(flags, bytes, from, to);
      case FRAME.rstStream:
        return this.#onReset(id, to - from);
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(id, bytes, from, to);
      case FRAME.pushPromise:
        return ERROR.protocol;
      default:
        return this.#streams.spend() ?? this.#readControl(type, flags, id, bytes, from, to);
    }
  }

  #readControl(
    type: number,
    flags: number,
    id: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): ErrorCode | undefined {
    switch (type) {
      case FRAME.priority:
        if (id === 0) return ERROR.protocol;
        if (to - from !== 5) return ERROR.frameSize;
        return readUint31(bytes, from) === id ? this.#streams.refuse(id, ERROR.protocol) : undefined;
      case FRAME.settings:
        return this.#onSettings(flags, id, bytes, from, to);
      case FRAME.ping:
        if (id !== 0) return ERROR.protocol;
        if (to - from !== 8) return ERROR.frameSize;
        if ((flags & FLAG.ack) === 0) this.#streams.output.frame(FRAME.ping, FLAG.ack, 0, bytes.subarray(from, to));
        return undefined;
      case FRAME.goAway:
        if (id !== 0) return ERROR.protocol;
        return to - from < 8 ? ERROR.frameSize : undefined;
      default:
        return undefined;
    }
  }

  #onSettings(flags: number, id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if (id !== 0) return ERROR.protocol;
    if ((flags & FLAG.ack) !== 0) return to > from ? ERROR.frameSize : undefined;
    const before = this.#client.initialWindow;
    const error = this.#client.read(bytes, from, to);
    if (error !== undefined) return error;
    this.settled = true;
    this.#streams.output.frame(FRAME.settings, FLAG.ack, 0, NOTHING);
    if (this.#client.tableReduced) this.#streams.output.announceNoTable();
    const change = this.#client.initialWindow - before;
    if (change === 0) return undefined;
    for (const { reply } of this.#streams.open) {
      reply.queue.window += change;
      if (reply.queue.window > MAX_WINDOW) return ERROR.flowControl;
      if (reply.queue.ready) this.#streams.sender.add(reply);
    }
    return undefined;
  }

  #onWindowUpdate(id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if (to - from !== 4) return ERROR.frameSize;
    const spent = this.#streams.spend();
    if (spent !== undefined) return spent;
    const increment = readUint31(bytes, from);
    if (id === 0) {
      if (increment === 0) return ERROR.protocol;
      return this.#streams.sender.open(increment) ? undefined : ERROR.flowControl;
    }
    if (this.#streams.isIdle(id)) return ERROR.protocol;
    if (increment === 0) return this.#streams.refuse(id, ERROR.protocol);
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    const { reply } = stream;
    reply.queue.window += increment;
    if (reply.queue.window > MAX_WINDOW) return this.#streams.refuse(id, ERROR.flowControl);
    if (reply.queue.ready) this.#streams.sender.add(reply);
    return undefined;
  }

  #onReset(id: number, length: number): ErrorCode | undefined {
    if (length !== 4) return ERROR.frameSize;
    return this.#streams.isIdle(id) ? ERROR.protocol : this.#streams.cancelled(id);
  }

  #onData(flags: number, id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if (this.#streams.isIdle(id)) return ERROR.protocol;
    const length = to - from;
    if (!this.#streams.take(length)) return ERROR.flowControl;
    const padding = (flags & FLAG.padded) !== 0 ? 1 + (bytes[from] ?? 0) : 0;
    if (padding > length) return ERROR.protocol;
    const end = (flags & FLAG.endStream) !== 0;
    const size = length - padding;
    if (size === 0 && !end) {
      const spent = this.#streams.spend();
      if (spent !== undefined) return spent;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.complete) {
      this.#streams.release(undefined, length);
      if (this.#streams.wasReset(id)) return this.#streams.spend();
      return this.#streams.refuse(id, ERROR.streamClosed);
    }
    if (!stream.window.take(length)) {
      this.#streams.release(undefined, length);
      return this.#streams.refuse(id, ERROR.flowControl);
    }
    this.#streams.release(stream, padding);
    if (!stream.count(size, end)) {
      this.#streams.release(undefined, size);
      return this.#streams.refuse(id, ERROR.protocol);
    }
    const start = padding > 0 ? from + 1 : from;
    if (size > 0) this.#requests.addBody(stream, bytes, start, start + size);
    if (end) this.#requests.endRequest(stream);
    return undefined;
  }

  #onHeaders(flags: number, id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if (id === 0 || id % 2 === 0) return ERROR.protocol;
    let start = from;
    let end = to;
    if ((flags & FLAG.padded) !== 0) {
      end -= bytes[start] ?? 0;
      start++;
    }
    let selfDependent = false;
    if ((flags & FLAG.priority) !== 0) {
      selfDependent = end - start >= 5 && readUint31(bytes, start) === id;
      start += 5;
    }
    if (start > end) return ERROR.protocol;
    if (selfDependent) return ERROR.protocol;
    if ((flags & FLAG.endHeaders) !== 0) return this.#onBlock(id, flags, bytes, start, end);
    const deadline = this.#server.time.now + this.#server.headersMs;
    this.#block = { id, flags, bytes: Buffer.from(bytes.subarray(start, end)), deadline, frames: 1 };
    return undefined;
  }

  #onContinuation(flags: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    const block = this.#block;
    if (block === undefined) return ERROR.protocol;
    if (block.bytes.length + to - from > this.#server.maxHeaderBytes * 2 || ++block.frames > MAX_BLOCK_FRAMES)
      return ERROR.enhanceYourCalm;
    block.bytes = Buffer.concat([block.bytes, bytes.subarray(from, to)]);
    if ((flags & FLAG.endHeaders) === 0) return undefined;
    this.#block = undefined;
    return this.#onBlock(block.id, block.flags, block.bytes, 0, block.bytes.length);
  }

  #onBlock(id: number, flags: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    const end = (flags & FLAG.endStream) !== 0;
    if (id <= this.#streams.lastId) return this.#onTrailers(id, end, bytes, from, to);
    const request = this.#blocks.request(bytes, from, to);
    if (request === undefined) return ERROR.compression;
    // Above the last stream of our GOAWAY: the client retries it on another connection.
    if (this.closing) return this.#streams.spend();
    this.#streams.lastId = id;
    this.#streams.requested();
    if (this.#streams.size >= MAX_STREAMS) return this.#streams.refuse(id, ERROR.refusedStream);
    return this.#requests.open(id, request, end);
  }

  #onTrailers(id: number, end: boolean, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    const list = this.#blocks.other(bytes, from, to);
    if (list === undefined) return ERROR.compression;
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#streams.wasReset(id) ? this.#streams.spend() : ERROR.streamClosed;
    if (stream.complete) return this.#streams.refuse(id, ERROR.streamClosed);
    if (!end || !areTrailers(list.fields) || !stream.count(0, true)) return this.#streams.refuse(id, ERROR.protocol);
    this.#requests.endRequest(stream);
    return undefined;
  }
}

const NOTHING = Buffer.alloc(0);
