import type { OwnReply, OwnReplyEvent } from '../http1/own/own-exchange.ts';
import type { PrebuiltResponse } from '../http1/own/prebuilt-responses.ts';
import type { Exchange, StreamedReply } from '../http1/transport.ts';
import type { Variant } from '../http1/variant.ts';
import type { CachedBytes } from '../util/cached-bytes.ts';
import { encodeHead, encodeInterim, encodeTrailers, type ExtraHeader } from './response-head.ts';
import { SendQueue } from './send-queue.ts';

/** The part of the connection that a reply uses. */
export interface ReplyConnection {
  readonly blocked: boolean;
  /** Has what is queued written soon. */
  schedule(reply: Http2Reply): void;
  /** Writes a whole prepared response. Undefined: it must be sent in parts. */
  writePrebuilt(
    reply: Http2Reply,
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
  ): PrebuiltResponse | undefined;
  /** Ends the stream: its response was sent whole. */
  complete(reply: Http2Reply): void;
  /** Resets the stream: its response cannot be completed. */
  abort(reply: Http2Reply): void;
  /** Sets the reply's deadline. Without a callback the stall timeout applies: `stallMs`, or the server's own. */
  setDeadline(reply: Http2Reply, ms: number | undefined): void;
}

/** A window that opens by less than this is no progress: a client that reads byte by byte must not hold a response. */
const MIN_PROGRESS_BYTES = 1024;

/** Writes the response of one HTTP/2 stream, whichever way its request is handled. */
export class Http2Reply implements OwnReply, StreamedReply {
  readonly framing = 'http2';
  readonly id: number;
  readonly queue: SendQueue;
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  shouldKeepAlive = true;
  writableEnded = false;
  sent: PrebuiltResponse | undefined;
  /** It is in the connection's list of replies that have something to send. */
  scheduled = false;
  /** When `onDeadline` runs, in the time of the server's `time`. */
  deadline = Infinity;
  /** A header that the next head gets. */
  extra: ExtraHeader | undefined;
  readonly #connection: ReplyConnection;
  #bodiless: boolean;
  #needDrain = false;
  #trailers: Buffer | undefined;
  #onTimeout: (() => void) | undefined;
  #stallMs: number | undefined;
  #progress = 0;
  #listeners: [OwnReplyEvent, () => void][] | undefined;

  constructor(connection: ReplyConnection, id: number, window: number, method: string) {
    this.#connection = connection;
    this.id = id;
    this.queue = new SendQueue(id, window);
    this.#bodiless = method === 'HEAD';
  }

  get writableFinished(): boolean {
    return this.queue.done;
  }

  setHeader(name: string, value: string): void {
    this.extra = { key: name.toLowerCase(), value };
  }

  writeHead(status: number, reasonOrHeaders: string | string[], more?: string[]): void {
    const headers = typeof reasonOrHeaders === 'string' ? (more ?? []) : reasonOrHeaders;
    if (this.headersSent) throw new Error('The head was sent already.');
    this.#start(status, encodeHead(status, headers, this.extra));
  }

  begin(status: number, _reason: string, headers: readonly string[]): void {
    this.#start(status, encodeHead(status, headers, this.extra));
  }

  #start(status: number, block: Buffer): void {
    this.#bodiless ||= status === 204 || status === 304;
    this.statusCode = status;
    this.headersSent = true;
    this.queue.setHead(block);
    this.#schedule();
  }

  sendPrebuilt(exchange: Exchange, status: number, variant: Variant, content: CachedBytes): boolean {
    if (status < 200 || status === 204 || status === 304 || this.headersSent) return false;
    const response = this.#connection.writePrebuilt(this, exchange, status, variant, content);
    if (response === undefined) return false;
    this.sent = response;
    this.statusCode = status;
    this.headersSent = true;
    this.writableEnded = true;
    this.queue.finish();
    this.#connection.complete(this);
    return true;
  }

  write(chunk: Buffer): boolean {
    if (this.destroyed) return false;
    if (!this.#bodiless) this.queue.add(chunk);
    this.#schedule();
    this.#needDrain ||= this.queue.full || this.#connection.blocked;
    return !this.#needDrain;
  }

  writeRaw(pieces: readonly (Buffer | string)[]): boolean {
    let more = true;
    for (const piece of pieces) more = this.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
    return more;
  }

  end(bytes?: Buffer | string, _encoding?: 'latin1'): void {
    if (this.destroyed || this.writableEnded) return;
    this.writableEnded = true;
    if (bytes !== undefined && !this.#bodiless) this.queue.add(bytes);
    this.queue.end(this.#trailers);
    this.#schedule();
  }

  destroy(): void {
    if (!this.destroyed && !this.queue.done) this.#connection.abort(this);
  }

  flush(): void {
    this.#schedule();
  }

  flushHeaders(): void {
    this.#schedule();
  }

  writeInformational(status: number, _reason: string, raw: readonly string[]): void {
    if (!this.#connection.blocked) this.writeInformation(status, raw);
  }

  writeInformation(status: number, headers: readonly string[]): void {
    if (this.headersSent || this.destroyed || status === 101) return;
    this.queue.addInterim(encodeInterim(status, headers));
    this.#schedule();
  }

  writeContinue(): void {
    this.writeInformation(100, []);
  }

  addTrailers(trailers: [string, string][]): void {
    if (!this.#bodiless && trailers.length > 0) this.#trailers = encodeTrailers(trailers);
  }

  setDeadline(ms: number, onTimeout: (() => void) | undefined): void {
    this.#onTimeout = onTimeout;
    this.#connection.setDeadline(this, onTimeout === undefined ? this.#stallMs : ms);
  }

  setTimeout(ms: number): void {
    this.#stallMs = ms;
    if (this.#onTimeout === undefined) this.#connection.setDeadline(this, ms);
  }

  on(event: OwnReplyEvent, listener: () => void): void {
    (this.#listeners ??= []).push([event, listener]);
  }

  once(event: OwnReplyEvent, listener: () => void): void {
    this.on(event, listener);
  }

  /** Handles that so many bytes of the body were framed. */
  onProgress(bytes: number): void {
    this.#progress += bytes;
    if (this.#progress >= MIN_PROGRESS_BYTES || !this.queue.hasBody) {
      this.#progress = 0;
      if (this.#onTimeout === undefined) this.#connection.setDeadline(this, this.#stallMs);
    }
    if (!this.#needDrain || this.queue.full || this.#connection.blocked || this.writableEnded) return;
    this.#needDrain = false;
    this.#emit('drain');
  }

  /** Runs when the deadline has passed. */
  onDeadline(): void {
    const onTimeout = this.#onTimeout;
    this.#onTimeout = undefined;
    this.deadline = Infinity;
    if (onTimeout === undefined) return this.destroy();
    this.#connection.setDeadline(this, this.#stallMs);
    onTimeout();
  }

  /** Handles the end of the stream, once. */
  onClosed(): void {
    const complete = this.queue.done;
    this.destroyed ||= !complete;
    this.queue.drop();
    if (complete) this.#emit('finish');
    this.#emit('close');
    this.#listeners = undefined;
  }

  #schedule(): void {
    if (!this.destroyed && this.queue.ready) this.#connection.schedule(this);
  }

  #emit(event: OwnReplyEvent): void {
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    for (const [name, listener] of listeners) if (name === event) listener();
  }
}
