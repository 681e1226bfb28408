import type { Socket } from 'node:net';
import type { Problem } from '../error-pages/error-page.ts';
import { expectationFailed, headTooLarge, methodNotAllowed } from '../error-pages/problems.ts';
import type { ClientAddress } from '../http/client-address.ts';
import type { PrebuiltResponse } from '../http1/own/prebuilt-responses.ts';
import { isMethod, type Head } from '../http1/own/request-head.ts';
import type { Exchange, RequestHead, RequestSocket } from '../http1/transport.ts';
import type { Variant } from '../http1/variant.ts';
import type { CachedBytes } from '../util/cached-bytes.ts';
import { newRequestId } from '../util/request-id.ts';
import { AbuseBudget } from './abuse-budget.ts';
import { ClientSettings } from './client-settings.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import {
  DEFAULT_WINDOW,
  ERROR,
  FLAG,
  FRAME,
  MAX_WINDOW,
  readUint31,
  SETTING,
  writeUint32,
  type ErrorCode,
} from './frames.ts';
import { HeaderBlocks, type DecodedRequest } from './header-blocks.ts';
import { FrameOutput } from './output.ts';
import { ReceiveWindow } from './receive-window.ts';
import { Http2Reply, type ReplyConnection } from './reply.ts';
import { areTrailers, type RequestFields } from './request-head.ts';
import { SendScheduler } from './send-scheduler.ts';
import type { Http2Server } from './server.ts';
import { Http2Stream, STREAM_WINDOW } from './stream.ts';
import { Http2Request } from './streamed-request.ts';

/** Requests that one connection may have in flight. */
export const MAX_STREAMS = 128;
/** How much a client may send on all streams together before any of it is read. */
const CONNECTION_WINDOW = 1024 * 1024;
/** Streams that were cancelled, or reset for a mistake of the client: at once, and per second. */
const RESETS = { capacity: 300, perSecond: 20 } as const;
/** Frames that carry no request and no data: at once, and per second. Requests and bytes add to them. */
const OVERHEAD = { capacity: 2_000, perSecond: 100, perRequest: 4, perKilobyte: 1 } as const;
/** Streams reset by the edge whose late frames are ignored. */
const MAX_RESET_IDS = 256;
/** How long a closed connection is still read, so that its last frames reach the client. */
const LINGER_MS = 1_000;

const SETTINGS = settingsPayload([
  [SETTING.maxConcurrentStreams, MAX_STREAMS],
  [SETTING.initialWindowSize, STREAM_WINDOW],
  [SETTING.noRfc7540Priorities, 1],
]);

function settingsPayload(entries: readonly (readonly [name: number, value: number])[]): Buffer {
  const bytes = Buffer.alloc(entries.length * 6);
  entries.forEach(([name, value], i) => {
    bytes.writeUInt16BE(name, i * 6);
    bytes.writeUInt32BE(value, i * 6 + 2);
  });
  return bytes;
}

/** A header block that is not complete. */
type PartialBlock = { id: number; flags: number; bytes: Buffer; deadline: number; frames: number };

/**
 * Serves one HTTP/2 connection (RFC 9113): reads its frames, hands its requests to the edge's handler, and writes the
 * responses. Priorities are ignored, nothing is pushed, and CONNECT is refused (RFC 8441 too). What a client can make
 * the edge do for nothing is bounded by two budgets.
 */
export class Http2Connection implements FrameHandler, ReplyConnection {
  readonly socket: Socket;
  readonly #server: Http2Server;
  readonly #output: FrameOutput;
  readonly #sender: SendScheduler;
  readonly #reader: FrameReader;
  readonly #blocks: HeaderBlocks;
  readonly #client = new ClientSettings();
  readonly #window = new ReceiveWindow(CONNECTION_WINDOW);
  readonly #streams = new Map<number, Http2Stream>();
  readonly #resetIds = new Set<number>();
  readonly #resets: AbuseBudget;
  readonly #overhead: AbuseBudget;
  readonly #peer: RequestSocket;
  readonly #clientAddress: ClientAddress;
  #block: PartialBlock | undefined;
  #lastId = 0;
  /** The client's first settings have arrived. */
  #settled = false;
  /** When an idle connection is closed. */
  #idleDeadline: number;
  /** Since when the socket has bytes that the client does not read. */
  #stalledSince: number | undefined;
  #draining = false;
  /** The last GOAWAY was sent: later streams are not served. */
  #closing = false;
  #closed = false;

  constructor(socket: Socket, server: Http2Server) {
    const { now } = server.time;
    this.socket = socket;
    this.#server = server;
    this.#output = new FrameOutput(socket);
    this.#sender = new SendScheduler(this.#output, (reply, bytes) => this.#onSent(reply, bytes));
    this.#reader = new FrameReader(this);
    this.#resets = new AbuseBudget(RESETS.capacity, RESETS.perSecond, now);
    this.#overhead = new AbuseBudget(OVERHEAD.capacity, OVERHEAD.perSecond, now);
    this.#idleDeadline = now + server.headersMs;
    const { covers, encrypted }: RequestSocket = socket;
    this.#peer = { remoteAddress: socket.remoteAddress, covers, encrypted, destroy: () => undefined };
    this.#clientAddress = server.clientAddress(this.#peer);
    const isCovered = (header: string): boolean => covers?.(header.replace(/:\d+$/, '').toLowerCase()) !== false;
    this.#blocks = new HeaderBlocks(server.maxHeaderBytes, server.maxHeaders, isCovered);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose());
    this.#output.frame(FRAME.settings, 0, 0, SETTINGS);
    this.#output.number(FRAME.windowUpdate, 0, CONNECTION_WINDOW - DEFAULT_WINDOW);
    this.#output.flush();
  }

  /** No request is in flight. */
  get idle(): boolean {
    return this.#streams.size === 0 && this.#block === undefined && this.socket.writableLength === 0;
  }

  get blocked(): boolean {
    return this.#output.blocked;
  }

  /** Handles received bytes. `bytes` is reused after this call. Returns false to apply back-pressure. */
  receive(bytes: Buffer, length: number): boolean {
    if (this.#closed) return true;
    this.#sender.hold();
    this.#reader.receive(bytes, length);
    this.#sender.release();
    // A client that sends but does not read has no more responses queued.
    if (this.#output.blocked && !this.#closed) this.socket.pause();
    return true;
  }

  /** Announces that the connection will be closed. Requests are still served, so that none in transit is lost. */
  drain(): void {
    if (this.#draining || this.#closed) return;
    this.#draining = true;
    this.#goAway(MAX_WINDOW, ERROR.none);
    this.#output.flush();
  }

  /** Closes the connection once the requests in flight are complete. Later ones are left to another connection. */
  close(): void {
    if (this.#closed || this.#closing) return;
    this.#draining = true;
    this.#closing = true;
    this.#goAway(this.#lastId, ERROR.none);
    this.#output.flush();
    this.#endWhenDone();
  }

  /** Enforces deadlines. Called regularly. */
  tick(now: number): void {
    if (this.#closed) return now > this.#idleDeadline ? void this.socket.destroy() : undefined;
    if (this.socket.writableLength === 0) this.#stalledSince = undefined;
    else this.#stalledSince ??= now;
    if (this.#stalledSince !== undefined && now - this.#stalledSince > this.#server.stallTimeoutMs)
      return void this.socket.destroy();
    if (this.#block !== undefined && this.#block.deadline < now) return this.#fail(ERROR.enhanceYourCalm);
    if (!this.#settled && this.#idleDeadline < now) return this.#fail(ERROR.settingsTimeout);
    for (const stream of this.#streams.values()) {
      if (stream.pending !== undefined && stream.pending.deadline < now) this.#streamPending(stream);
      if (stream.reply.deadline < now) stream.reply.onDeadline();
    }
    if (this.#streams.size === 0 && this.#idleDeadline < now) this.close();
  }

  // Frames.

  notHttp2(): void {
    this.#fail(ERROR.protocol);
  }

  oversized(): void {
    this.#fail(ERROR.frameSize);
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): boolean {
    const error =
      this.#block !== undefined && (type !== FRAME.continuation || id !== this.#block.id)
        ? ERROR.protocol
        : !this.#settled && (type !== FRAME.settings || (flags & FLAG.ack) !== 0)
          ? ERROR.protocol
          : this.#read(type, flags, id, bytes, from, to);
    if (error !== undefined) this.#fail(error);
    return !this.#closed;
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
        return this.#spend() ?? this.#readControl(type, flags, id, bytes, from, to);
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
        return readUint31(bytes, from) === id ? this.#resetStream(id, ERROR.protocol) : undefined;
      case FRAME.settings:
        return this.#onSettings(flags, id, bytes, from, to);
      case FRAME.ping:
        if (id !== 0) return ERROR.protocol;
        if (to - from !== 8) return ERROR.frameSize;
        if ((flags & FLAG.ack) === 0) this.#output.frame(FRAME.ping, FLAG.ack, 0, bytes.subarray(from, to));
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
    if (!this.#settled) {
      this.#settled = true;
      this.#idleDeadline = this.#server.time.now + this.#server.keepAliveMs;
    }
    this.#output.frame(FRAME.settings, FLAG.ack, 0, NOTHING);
    if (this.#client.tableReduced) this.#output.announceNoTable();
    const change = this.#client.initialWindow - before;
    if (change === 0) return undefined;
    for (const { reply } of this.#streams.values()) {
      reply.queue.window += change;
      if (reply.queue.window > MAX_WINDOW) return ERROR.flowControl;
      if (reply.queue.ready) this.#sender.add(reply);
    }
    return undefined;
  }

  #onWindowUpdate(id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if (to - from !== 4) return ERROR.frameSize;
    const spent = this.#spend();
    if (spent !== undefined) return spent;
    const increment = readUint31(bytes, from);
    if (id === 0) {
      if (increment === 0) return ERROR.protocol;
      return this.#sender.open(increment) ? undefined : ERROR.flowControl;
    }
    if (this.#isIdle(id)) return ERROR.protocol;
    if (increment === 0) return this.#resetStream(id, ERROR.protocol);
    const stream = this.#streams.get(id);
    if (stream === undefined) return undefined;
    const { reply } = stream;
    reply.queue.window += increment;
    if (reply.queue.window > MAX_WINDOW) return this.#resetStream(id, ERROR.flowControl);
    if (reply.queue.ready) this.#sender.add(reply);
    return undefined;
  }

  /** Handles a cancelled stream. Cancelling costs the client nothing, and the edge the start of a request. */
  #onReset(id: number, length: number): ErrorCode | undefined {
    if (length !== 4) return ERROR.frameSize;
    if (this.#isIdle(id)) return ERROR.protocol;
    const stream = this.#streams.get(id);
    // Nothing may follow it, also where the edge has reset the stream.
    this.#resetIds.delete(id);
    if (stream === undefined) return this.#spend();
    this.#remove(stream);
    return this.#resets.spend(this.#server.time.now) ? undefined : ERROR.enhanceYourCalm;
  }

  #onData(flags: number, id: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    if (this.#isIdle(id)) return ERROR.protocol;
    const length = to - from;
    if (!this.#window.take(length)) return ERROR.flowControl;
    const padding = (flags & FLAG.padded) !== 0 ? 1 + (bytes[from] ?? 0) : 0;
    if (padding > length) return ERROR.protocol;
    const end = (flags & FLAG.endStream) !== 0;
    const size = length - padding;
    if (size === 0 && !end) {
      const spent = this.#spend();
      if (spent !== undefined) return spent;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.complete) {
      this.#release(undefined, length);
      if (this.#resetIds.has(id)) return this.#spend();
      return this.#resetStream(id, ERROR.streamClosed);
    }
    if (!stream.window.take(length)) return this.#resetStream(id, ERROR.flowControl);
    this.#release(stream, padding);
    if (!stream.count(size, end)) {
      this.#release(undefined, size);
      return this.#resetStream(id, ERROR.protocol);
    }
    const start = padding > 0 ? from + 1 : from;
    if (size > 0) this.#addBody(stream, bytes, start, start + size);
    if (end) this.#endRequest(stream);
    return undefined;
  }

  #addBody(stream: Http2Stream, bytes: Buffer, from: number, to: number): void {
    stream.reply.onProgress(to - from);
    if (stream.pending !== undefined) {
      stream.pending.body.add(bytes.subarray(from, to), to - from);
      this.#release(stream, to - from);
    } else stream.request?.add(Buffer.from(bytes.subarray(from, to)));
  }

  #endRequest(stream: Http2Stream): void {
    stream.complete = true;
    const { pending } = stream;
    if (pending === undefined) return stream.request?.finish();
    stream.pending = undefined;
    const head = headOf(pending.fields, this.#peer, pending.body.bytes.length);
    stream.body = pending.body;
    this.#server.handle({ ...head, body: pending.body }, stream.reply);
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
    if (block.bytes.length + to - from > this.#server.maxHeaderBytes || ++block.frames > MAX_BLOCK_FRAMES)
      return ERROR.enhanceYourCalm;
    block.bytes = Buffer.concat([block.bytes, bytes.subarray(from, to)]);
    if ((flags & FLAG.endHeaders) === 0) return undefined;
    this.#block = undefined;
    return this.#onBlock(block.id, block.flags, block.bytes, 0, block.bytes.length);
  }

  #onBlock(id: number, flags: number, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    const end = (flags & FLAG.endStream) !== 0;
    if (id <= this.#lastId) return this.#onTrailers(id, end, bytes, from, to);
    const request = this.#blocks.request(bytes, from, to);
    if (request === undefined) return ERROR.compression;
    // Not served, and the client knows: it was told the last one that is.
    if (this.#closing) return this.#spend();
    this.#lastId = id;
    this.#overhead.earn(OVERHEAD.perRequest);
    if (request.fields === 'malformed') return this.#resetStream(id, ERROR.protocol);
    if (this.#streams.size >= MAX_STREAMS) return this.#resetStream(id, ERROR.refusedStream);
    if (end && request.text !== undefined && this.#sendMemoized(id, request.text)) return undefined;
    return this.#open(id, request, end);
  }

  #onTrailers(id: number, end: boolean, bytes: Buffer, from: number, to: number): ErrorCode | undefined {
    const list = this.#blocks.other(bytes, from, to);
    if (list === undefined) return ERROR.compression;
    const stream = this.#streams.get(id);
    if (stream === undefined) return this.#resetIds.has(id) ? this.#spend() : ERROR.streamClosed;
    if (stream.complete) return this.#resetStream(id, ERROR.streamClosed);
    if (!end || !areTrailers(list.fields) || !stream.count(0, true)) return this.#resetStream(id, ERROR.protocol);
    this.#endRequest(stream);
    return undefined;
  }

  // Requests.

  /** Serves a request from the response memo. Returns false when that is not possible. */
  #sendMemoized(id: number, text: string): boolean {
    const { memo, prebuilt, time } = this.#server;
    if (this.#clientAddress.trusted || this.#output.blocked || this.#output.announces) return false;
    const hit = memo.lookup(text);
    if (hit === undefined || !this.#fits(hit.response, this.#client.initialWindow)) return false;
    const startedAt = performance.now();
    const requestId = newRequestId();
    if (!prebuilt.write(this.#output, hit.response, id, requestId, hit.deploymentId)) return false;
    this.#onWhole(hit.response);
    this.#idleDeadline = time.now + this.#server.keepAliveMs;
    memo.recordHit(hit, requestId, startedAt, this.#clientAddress.ip);
    return true;
  }

  /** Whether the client takes a whole response at once. */
  #fits({ bytes, dataAt }: PrebuiltResponse, window: number): boolean {
    return bytes !== undefined && bytes.length - dataAt <= Math.min(window, this.#sender.window);
  }

  #onWhole({ bytes, dataAt }: PrebuiltResponse): void {
    const size = (bytes?.length ?? 0) - dataAt;
    // The headers of its frames are counted, too: a few bytes less are sent than the client allows.
    this.#sender.window -= size;
    this.#overhead.earn((size / 1024) * OVERHEAD.perKilobyte);
  }

  #open(id: number, request: DecodedRequest, end: boolean): ErrorCode | undefined {
    const { fields } = request;
    if (fields === 'malformed') return this.#resetStream(id, ERROR.protocol);
    const method = typeof fields === 'string' ? 'GET' : fields.method;
    const reply = new Http2Reply(this, id, this.#client.initialWindow, method);
    const declared = typeof fields === 'string' ? undefined : fields.contentLength;
    if (end && declared !== undefined && declared > 0) return this.#resetStream(id, ERROR.protocol);
    const stream = new Http2Stream(id, reply, end, declared);
    this.#streams.set(id, stream);
    reply.setDeadline(0, undefined);
    if (fields === 'too large') this.#reject(stream, headTooLarge());
    else if (fields === 'method') this.#reject(stream, methodNotAllowed('CONNECT'));
    else if (!end || !isMethod(fields.method)) this.#openBody(stream, fields);
    else this.#handleHead(request, fields, reply);
    return undefined;
  }

  #handleHead(request: DecodedRequest, fields: RequestFields, reply: Http2Reply): void {
    if (request.head?.text === undefined) request.head = headOf(fields, this.#peer, 0, request.text);
    this.#server.handle(request.head, reply);
  }

  #reject(stream: Http2Stream, problem: Problem, fields: RequestFields = NO_FIELDS): void {
    this.#server.reject(this.#headOfStream(stream, fields), stream.reply, problem);
  }

  #headOfStream(stream: Http2Stream, fields: RequestFields): RequestHead {
    const { method, path, headers, raw } = fields;
    return {
      method,
      url: path,
      httpVersionMajor: 2,
      httpVersionMinor: 0,
      http2: true,
      headers,
      rawHeaders: raw,
      complete: stream.complete,
      socket: this.#peer,
    };
  }

  /** Buffers a small body; passes any other on as it arrives. */
  #openBody(stream: Http2Stream, fields: RequestFields): void {
    const { method, contentLength, headers } = fields;
    const { bodies, bodyMs, time } = this.#server;
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
      return this.#reject(stream, expectationFailed(), fields);
    const small = contentLength !== undefined && contentLength > 0 && contentLength <= bodies.largest;
    const plain = isMethod(method) && method !== 'GET' && method !== 'HEAD' && headers.expect === undefined;
    const body = small && plain ? bodies.open(contentLength) : undefined;
    if (body === undefined) return void this.#handleStreamed(stream, fields);
    stream.pending = { fields, body, deadline: time.now + bodyMs };
  }

  #handleStreamed(stream: Http2Stream, fields: RequestFields): Http2Request {
    const { socket } = this;
    const isBlocked = (): boolean => this.blocked;
    const refuse = (): void => void this.#resetStream(stream.id, ERROR.none);
    const request = new Http2Request(fields, !stream.complete, {
      socket: {
        ...this.#peer,
        destroy: refuse,
        get writableNeedDrain() {
          return isBlocked();
        },
      },
      consumed: (bytes) => this.#release(stream, bytes),
      refuse,
    });
    stream.request = request;
    if (socket.destroyed) return request;
    this.#server.handleStreamed(request, stream.reply, fields.headers.expect !== undefined && !stream.complete);
    return request;
  }

  /** Passes a body on that arrives too slowly to be buffered whole. */
  #streamPending(stream: Http2Stream): void {
    const { pending } = stream;
    if (pending === undefined) return;
    stream.pending = undefined;
    const received = Buffer.from(pending.body.bytes);
    pending.body.drop();
    const request = this.#handleStreamed(stream, pending.fields);
    // Its bytes count as read already.
    if (received.length > 0) request.addRead(received);
  }

  // Replies.

  schedule(reply: Http2Reply): void {
    this.#sender.add(reply);
  }

  writePrebuilt(
    reply: Http2Reply,
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
  ): PrebuiltResponse | undefined {
    const { prebuilt } = this.#server;
    if (this.#output.blocked || this.#output.announces) return undefined;
    const response = prebuilt.find(exchange, status, variant, content, reply.extra);
    if (response === undefined || !this.#fits(response, reply.queue.window)) return undefined;
    if (!prebuilt.write(this.#output, response, reply.id, exchange.requestId, exchange.deploymentId ?? ''))
      return undefined;
    this.#onWhole(response);
    this.#sender.flushSoon();
    return response;
  }

  setDeadline(reply: Http2Reply, ms: number | undefined): void {
    reply.deadline = this.#server.time.now + (ms ?? this.#server.stallTimeoutMs);
  }

  abort(reply: Http2Reply): void {
    this.#reset(reply.id, ERROR.internal);
    this.#sender.flushSoon();
  }

  complete(reply: Http2Reply): void {
    const stream = this.#streams.get(reply.id);
    if (stream === undefined) return;
    // The client may stop sending a body that is not needed (RFC 9113, 8.1).
    if (!stream.complete) this.#reset(reply.id, ERROR.none);
    else this.#remove(stream);
  }

  #onSent(reply: Http2Reply, bytes: number): void {
    this.#overhead.earn((bytes / 1024) * OVERHEAD.perKilobyte);
    if (reply.queue.done) this.complete(reply);
    else reply.onProgress(bytes);
  }

  // Streams.

  #isIdle(id: number): boolean {
    return id === 0 || id % 2 === 0 || id > this.#lastId;
  }

  /** Opens windows after bytes were read; `stream` undefined: of one that is closed. */
  #release(stream: Http2Stream | undefined, bytes: number): void {
    if (bytes === 0 || this.#closed) return;
    const all = this.#window.release(bytes);
    if (all > 0) this.#output.number(FRAME.windowUpdate, 0, all);
    const own = stream === undefined || stream.complete ? 0 : stream.window.release(bytes);
    if (own > 0) this.#output.number(FRAME.windowUpdate, stream?.id ?? 0, own);
    if (all > 0 || own > 0) this.#sender.flushSoon();
  }

  /** Resets a stream for a mistake of the client: it could make the edge do work in vain. */
  #resetStream(id: number, code: ErrorCode): ErrorCode | undefined {
    if (this.#isIdle(id)) return ERROR.protocol;
    this.#reset(id, code);
    this.#sender.flushSoon();
    return this.#resets.spend(this.#server.time.now) ? undefined : ERROR.enhanceYourCalm;
  }

  #reset(id: number, code: ErrorCode): void {
    this.#output.number(FRAME.rstStream, id, code);
    this.#resetIds.add(id);
    for (const oldest of this.#resetIds) {
      if (this.#resetIds.size <= MAX_RESET_IDS) break;
      this.#resetIds.delete(oldest);
    }
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#remove(stream);
  }

  #remove(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    stream.pending?.body.drop();
    stream.pending = undefined;
    stream.body?.drop();
    this.#release(undefined, stream.request?.abort() ?? 0);
    stream.reply.onClosed();
    if (this.#streams.size > 0) return;
    this.#idleDeadline = this.#server.time.now + this.#server.keepAliveMs;
    this.#endWhenDone();
  }

  // The connection.

  /** Takes the cost of a frame that carries nothing. */
  #spend(): ErrorCode | undefined {
    return this.#overhead.spend(this.#server.time.now) ? undefined : ERROR.enhanceYourCalm;
  }

  #goAway(lastId: number, code: ErrorCode): void {
    const payload = Buffer.allocUnsafe(8);
    writeUint32(payload, 0, lastId);
    writeUint32(payload, 4, code);
    this.#output.frame(FRAME.goAway, 0, 0, payload);
  }

  /** Closes the connection at once, with an error. */
  #fail(code: ErrorCode): void {
    if (this.#closed) return;
    this.#goAway(this.#lastId, code);
    this.#end();
  }

  #endWhenDone(): void {
    if (this.#closing && !this.#closed && this.#streams.size === 0) this.#end();
  }

  /** Ends the connection. It is still read for a moment: unread bytes would take the last frames with them. */
  #end(): void {
    this.#closed = true;
    this.#reader.close();
    this.#output.flush();
    this.#closeStreams();
    this.#idleDeadline = this.#server.time.now + LINGER_MS;
    this.socket.end();
    this.socket.resume();
  }

  readonly #onDrain = (): void => {
    this.#stalledSince = undefined;
    if (this.#closed) return;
    this.#sender.flush();
    for (const { reply } of this.#streams.values()) reply.onProgress(0);
    if (!this.#output.blocked && this.socket.isPaused()) this.socket.resume();
  };

  #onEnd(): void {
    this.#closed = true;
    this.#closeStreams();
    this.socket.destroySoon();
  }

  #onClose(): void {
    this.#closed = true;
    this.#closeStreams();
  }

  #closeStreams(): void {
    this.#sender.drop();
    this.#block = undefined;
    for (const stream of this.#streams.values()) this.#remove(stream);
  }
}

const NOTHING = Buffer.alloc(0);
/** Header blocks in more frames than any client needs. */
const MAX_BLOCK_FRAMES = 16;

const NO_FIELDS: RequestFields = { method: 'GET', path: '/', headers: {}, raw: [], contentLength: undefined };

/** Returns the head of a request that has arrived whole. */
const headOf = (
  { method, path, headers, raw }: RequestFields,
  socket: RequestSocket,
  bodyBytes: number,
  text?: string,
): Head => ({
  method: isMethod(method) ? method : 'GET',
  url: path,
  httpVersionMajor: 2,
  httpVersionMinor: 0,
  http2: true,
  headers,
  rawHeaders: raw,
  keepAlive: true,
  bodyBytes,
  complete: true,
  socket,
  ...(text === undefined ? {} : { text }),
});
