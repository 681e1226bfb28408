import type { IncomingHttpHeaders } from 'node:http';
import type { StreamedRequest } from '../http1/transport.ts';
import type { RequestFields } from './request-head.ts';

/** Receives what becomes of a request's body. */
export type BodyOwner = Readonly<{
  socket: StreamedRequest['socket'];
  /** Reports that so many bytes were read: the client may send as many more. */
  consumed(bytes: number): void;
  /** Resets the stream: nothing more of the body is needed. */
  refuse(): void;
}>;

/** A request whose body is passed on as it arrives. Its size in memory is bounded by the stream's window. */
export class Http2Request implements StreamedRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersionMajor = 2;
  readonly httpVersionMinor = 0;
  readonly http2 = true;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  /** Trailers of a request are dropped. */
  readonly rawTrailers: readonly string[] = [];
  readonly hasUndeclaredBody: boolean;
  readonly socket: StreamedRequest['socket'];
  /** Whether the whole request has arrived. */
  complete = false;
  readonly #owner: BodyOwner;
  #chunks: Buffer[] = [];
  #alreadyRead = 0;
  #flowing = false;
  #ended = false;
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #onError: (() => void) | undefined;

  constructor({ method, path, headers, raw, contentLength }: RequestFields, hasBody: boolean, owner: BodyOwner) {
    this.method = method;
    this.url = path;
    this.headers = headers;
    this.rawHeaders = raw;
    this.hasUndeclaredBody = hasBody && contentLength === undefined;
    this.socket = owner.socket;
    this.complete = !hasBody;
    this.#owner = owner;
  }

  on(event: 'data', listener: (chunk: Buffer) => void): void;
  on(event: 'end' | 'error', listener: () => void): void;
  on(event: 'data' | 'end' | 'error', listener: (chunk: Buffer) => void): void {
    if (event === 'end') this.#onEnd = () => listener(NOTHING);
    else if (event === 'error') this.#onError = () => listener(NOTHING);
    else {
      this.#onData = listener;
      // The listeners for the end are added after this one.
      queueMicrotask(() => this.resume());
    }
  }

  pause(): void {
    this.#flowing = false;
  }

  resume(): void {
    this.#flowing = true;
    while (this.#flowing) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) return this.#end();
      this.#pass(chunk);
    }
  }

  destroy(): void {
    this.#owner.refuse();
  }

  /** Adds received bytes, which are the request's from now on. */
  add(chunk: Buffer): void {
    if (this.#flowing && this.#chunks.length === 0) this.#pass(chunk);
    else this.#chunks.push(chunk);
  }

  /** Adds bytes that count as read already. */
  addRead(chunk: Buffer): void {
    this.#alreadyRead = chunk.length;
    this.add(chunk);
  }

  /** Marks the end of the body. */
  finish(): void {
    this.complete = true;
    if (this.#flowing && this.#chunks.length === 0) this.#end();
  }

  /** Ends a request whose rest will not arrive. Returns how many bytes were never read. */
  abort(): number {
    const unread = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0) - this.#alreadyRead;
    this.#chunks = [];
    const failed = !this.#ended;
    this.#ended = true;
    if (failed && !this.complete) this.#onError?.();
    return unread;
  }

  #pass(chunk: Buffer): void {
    this.#onData?.(chunk);
    const read = Math.min(this.#alreadyRead, chunk.length);
    this.#alreadyRead -= read;
    this.#owner.consumed(chunk.length - read);
  }

  #end(): void {
    if (!this.complete || this.#ended) return;
    this.#ended = true;
    this.#onEnd?.();
  }
}

const NOTHING = Buffer.alloc(0);
