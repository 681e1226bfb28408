/**
 * The responses that an application writes. Two things are different from Node's own:
 *
 * - Headers named `x-anchor-…` instruct the edge, which trusts the function. Only the runtime sets them: an app that
 *   passes on another origin's response with all of its headers must not pass on instructions too.
 * - Fewer packets. Next flushes the head right before it writes the first chunk, and ends a page some ticks after its
 *   last one: three writes here, and three of everything on the way to the client. The head waits for what is written
 *   in the same turn; a stream that starts with silence still sends its head. A chunk that closes the document waits
 *   for the end, at most until the next turn. No other chunk does, since slow work may follow.
 *
 * Methods of a class, and nothing that is assigned to each response: V8 allocates a function that is assigned to a
 * property (`response.write = () => …`) among the old objects. Everything that it refers to then outlives the request,
 * until the whole heap is collected.
 */
import {
  OutgoingMessage,
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from 'node:http';
import type { Socket } from 'node:net';
import { isInternalHeader } from '@anchor/protocol/headers.ts';
import { emitInScope, SCOPE, type RequestScope } from './request-log.ts';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Names that no app has. */
const BEFORE_HEAD = Symbol('tell');
const CORKED = Symbol('held');

export class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  [SCOPE]: RequestScope | undefined;
  [BEFORE_HEAD]: (() => void) | undefined;
  /** Holds back the end of a document. */
  [CORKED]: Socket | undefined;

  override setHeader(name: string, value: number | string | readonly string[]): this {
    return isOrder(name) ? this : super.setHeader(name, value);
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    return isOrder(name) ? this : super.appendHeader(name, value);
  }

  override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
    const notify = this[BEFORE_HEAD];
    this[BEFORE_HEAD] = undefined;
    notify?.();
    return typeof reason === 'string'
      ? super.writeHead(status, reason, allowed(headers))
      : super.writeHead(status, allowed(headers ?? reason));
  }

  override flushHeaders(): void {
    if (this.headersSent) return super.flushHeaders();
    this.writeHead(this.statusCode);
    setImmediate(flushUnsent, this);
  }

  override write(...args: unknown[]): boolean {
    if (this[CORKED] === undefined && this.socket !== null && closesDocument(args[0])) {
      this[CORKED] = this.socket;
      this.socket.cork();
      setImmediate(release, this);
    }
    return Reflect.apply(super.write, this, args);
  }

  override end(...args: unknown[]): this {
    Reflect.apply(super.end, this, args);
    release(this);
    return this;
  }

  override emit(...args: Parameters<ServerResponse['emit']>): boolean {
    return emitInScope(this, super.emit, args);
  }
}

const flushUnsent = (response: AppResponse): void => {
  if (!headSent(response) && !response.destroyed) response.flushHeaders();
};
/** Lets go of what was held back. */
const release = (response: AppResponse): void => {
  const socket = response[CORKED];
  response[CORKED] = undefined;
  socket?.uncork();
};

/** Calls `notify` once, before the head is written: it may still set headers. */
export function beforeHead(response: AppResponse, notify: () => void): void {
  response[BEFORE_HEAD] = notify;
}

/** Sets a header that instructs the edge. */
export function setInternalHeader(response: ServerResponse, name: `x-anchor-${string}`, value: string): void {
  OutgoingMessage.prototype.setHeader.call(response, name, value);
}

const isOrder = (name: unknown): boolean => typeof name === 'string' && isInternalHeader(name);

function allowed(headers: Headers | undefined): Headers | undefined {
  if (headers === undefined) return undefined;
  if (!Array.isArray(headers))
    return Object.keys(headers).some(isOrder)
      ? Object.fromEntries(Object.entries(headers).filter(([name]) => !isOrder(name)))
      : headers;
  // Flat, or in pairs: the first element decides, as in Node.
  if (Array.isArray(headers[0])) return headers.filter((pair) => !(Array.isArray(pair) && isOrder(pair[0])));
  return headers.filter((_, i) => !isOrder(headers[i - (i % 2)]));
}

/**
 * Returns whether the head was sent, by Node's own mark. Where it is missing the head is flushed once more, which
 * writes nothing.
 */
const headSent = (response: ServerResponse): boolean => Reflect.get(response, '_headerSent') === true;

const CLOSING = '</html>';
const CLOSING_BYTES = Buffer.from(CLOSING);
/** Returns whether a chunk closes the document: Next writes the closing tags last, wherever the document has them. */
const closesDocument = (chunk: unknown): boolean =>
  typeof chunk === 'string'
    ? chunk.endsWith(CLOSING)
    : chunk instanceof Uint8Array &&
      chunk.length >= CLOSING_BYTES.length &&
      CLOSING_BYTES.compare(chunk, chunk.length - CLOSING_BYTES.length) === 0;
