import type { Socket } from 'node:net';
import type { RequestSocket } from '../http1/transport.ts';
import { ClientSettings } from './client-settings.ts';
import { FrameProcessor } from './frame-processor.ts';
import { FrameReader, type FrameHandler } from './frame-reader.ts';
import { DEFAULT_WINDOW, ERROR, FRAME, MAX_WINDOW, SETTING, writeUint32, type ErrorCode } from './frames.ts';
import { HeaderBlocks } from './header-blocks.ts';
import { CONNECTION_WINDOW, LINGER_MS, MAX_STREAMS, STREAM_WINDOW } from './limits.ts';
import { FrameOutput } from './output.ts';
import { RequestDispatcher } from './request-dispatcher.ts';
import type { Http2Server } from './server.ts';
import { StreamTable } from './stream-table.ts';

/**
 * Serves one HTTP/2 connection (RFC 9113): reads its frames, hands its requests to the edge's handler, and writes the
 * responses. Priorities are ignored, nothing is pushed, and CONNECT is refused (RFC 8441 too).
 */
export class Http2Connection implements FrameHandler {
  readonly socket: Socket;
  readonly #server: Http2Server;
  readonly #output: FrameOutput;
  readonly #streams: StreamTable;
  readonly #requests: RequestDispatcher;
  readonly #reader: FrameReader;
  readonly #frames: FrameProcessor;
  /** When a connection without requests is closed, or one that is closed is no longer read. */
  #idleDeadline: number;
  /** Since when the socket has bytes that the client does not read, and how many it had sent by then. */
  #stalledSince: number | undefined;
  #bytesWritten = 0;
  #draining = false;
  #closed = false;

  constructor(socket: Socket, server: Http2Server) {
    this.socket = socket;
    this.#server = server;
    this.#idleDeadline = server.time.now + server.headersMs;
    const { covers, encrypted }: RequestSocket = socket;
    const peer = { remoteAddress: socket.remoteAddress, covers, encrypted, destroy: () => undefined };
    const isCovered = (header: string): boolean => covers?.(header.replace(/:\d+$/, '').toLowerCase()) !== false;
    this.#output = new FrameOutput(socket);
    this.#streams = new StreamTable(this.#output, server.time, () => this.#onIdle());
    const client = new ClientSettings();
    this.#requests = new RequestDispatcher(server, this.#streams, client, peer);
    this.#frames = new FrameProcessor({
      server,
      streams: this.#streams,
      requests: this.#requests,
      client,
      blocks: new HeaderBlocks(server.maxHeaderBytes, server.maxHeaders, isCovered),
    });
    this.#reader = new FrameReader(this);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClose());
    this.#output.frame(FRAME.settings, 0, 0, settingsFor(server));
    this.#output.number(FRAME.windowUpdate, 0, CONNECTION_WINDOW - DEFAULT_WINDOW);
    this.#output.flush();
  }

  /** No request is in flight. */
  get idle(): boolean {
    return this.#streams.size === 0 && this.#frames.blockDeadline === Infinity && this.socket.writableLength === 0;
  }

  /** Handles received bytes. `bytes` is reused after this call. Returns false to apply back-pressure. */
  receive(bytes: Buffer, length: number): boolean {
    if (this.#closed) return true;
    const { lastId } = this.#streams;
    this.#streams.sender.hold();
    this.#reader.receive(bytes, length);
    this.#streams.sender.release();
    if (this.#streams.lastId !== lastId) this.#onIdle();
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
    if (this.#closed || this.#frames.closing) return;
    this.#draining = true;
    this.#frames.closing = true;
    this.#goAway(this.#streams.lastId, ERROR.none);
    this.#output.flush();
    if (this.#streams.size === 0) this.#end();
  }

  /** Enforces deadlines. Called regularly. */
  tick(now: number): void {
    if (this.#closed) return now > this.#idleDeadline ? void this.socket.destroy() : undefined;
    if (this.#isStalled(now)) return void this.socket.destroy();
    if (this.#frames.blockDeadline < now) return this.#fail(ERROR.enhanceYourCalm);
    if (!this.#frames.settled && this.#idleDeadline < now) return this.#fail(ERROR.settingsTimeout);
    for (const stream of this.#streams.open) {
      if (stream.pending !== undefined && stream.pending.deadline < now) this.#requests.streamPending(stream);
      if (stream.reply.deadline < now) stream.reply.onDeadline();
    }
    if (this.#streams.size === 0 && this.#idleDeadline < now) this.close();
  }

  /** Returns whether the client has read nothing for too long of what it was sent. */
  #isStalled(now: number): boolean {
    const { bytesWritten, writableLength } = this.socket;
    if (writableLength === 0 || bytesWritten !== this.#bytesWritten) this.#stalledSince = undefined;
    else this.#stalledSince ??= now;
    this.#bytesWritten = bytesWritten;
    return this.#stalledSince !== undefined && now - this.#stalledSince > this.#server.stallTimeoutMs;
  }

  notHttp2(): void {
    this.#fail(ERROR.protocol);
  }

  oversized(): void {
    this.#fail(ERROR.frameSize);
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, from: number, to: number): boolean {
    const error = this.#frames.process(type, flags, id, bytes, from, to);
    if (error !== undefined) this.#fail(error);
    return !this.#closed;
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
    this.#goAway(this.#streams.lastId, code);
    this.#end();
  }

  /** Ends the connection. It is still read for a moment: unread bytes would take the last frames with them. */
  #end(): void {
    this.#closed = true;
    this.#reader.close();
    this.#output.flush();
    this.#streams.drop();
    this.#idleDeadline = this.#server.time.now + LINGER_MS;
    this.socket.end();
    this.socket.resume();
  }

  #onIdle(): void {
    if (this.#closed) return;
    if (this.#frames.closing && this.#streams.size === 0) return this.#end();
    this.#idleDeadline = this.#server.time.now + this.#server.keepAliveMs;
  }

  #onDrain(): void {
    this.#stalledSince = undefined;
    if (this.#closed) return;
    this.#streams.sender.flush();
    for (const { reply } of this.#streams.open) reply.onProgress(0);
    if (!this.#output.blocked && this.socket.isPaused()) this.socket.resume();
  }

  #onEnd(): void {
    this.#closed = true;
    this.#streams.drop();
    this.socket.destroySoon();
  }

  #onClose(): void {
    this.#closed = true;
    this.#streams.drop();
  }
}

/** Returns the payload of the edge's own SETTINGS frame. */
function settingsFor({ maxHeaderBytes }: Http2Server): Buffer {
  const entries = [
    [SETTING.maxConcurrentStreams, MAX_STREAMS],
    [SETTING.initialWindowSize, STREAM_WINDOW],
    [SETTING.maxHeaderListSize, maxHeaderBytes],
    [SETTING.noRfc7540Priorities, 1],
  ] as const;
  const bytes = Buffer.alloc(entries.length * 6);
  entries.forEach(([name, value], i) => {
    bytes.writeUInt16BE(name, i * 6);
    bytes.writeUInt32BE(value, i * 6 + 2);
  });
  return bytes;
}
