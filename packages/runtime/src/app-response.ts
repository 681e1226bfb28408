/**
 * The answers that an application writes. Two things are different from Node's own:
 *
 * - Headers named `x-anchor-…` are orders to the edge, which believes the function. Only the runtime gives them: an app that
 *   passes on another origin's answer with all of its headers must not pass on orders too.
 * - Fewer packets. Next flushes the head right before it writes the first chunk, and ends a page some ticks after its last
 *   one: three writes here, and three of everything on the way to the visitor. The head waits for what is written in the
 *   same turn; a stream that begins with silence still shows its head. A chunk that closes the document waits for the end,
 *   at most until the next turn; no other does, since work may follow that takes long.
 *
 * Methods of a class, and nothing that is assigned to each answer: V8 allocates a function that is assigned to a property
 * (`response.write = () => …`) among the old objects, and with it all that it refers to outlives the request, until the
 * whole heap is collected.
 */
import { OutgoingMessage, ServerResponse, type IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { emitInScope, SCOPE, type RequestScope } from './request-log.ts';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** Names that no app has. */
const TELL = Symbol('tell');
const HELD = Symbol('held');

export class AppResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  [SCOPE]: RequestScope | undefined;
  [TELL]: (() => void) | undefined;
  /** Holds back the end of a document. */
  [HELD]: Socket | undefined;

  override setHeader(name: string, value: number | string | readonly string[]): this {
    return isOrder(name) ? this : super.setHeader(name, value);
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    return isOrder(name) ? this : super.appendHeader(name, value);
  }

  override writeHead(status: number, reason?: string | Headers, headers?: Headers): this {
    const tell = this[TELL];
    this[TELL] = undefined;
    tell?.();
    return typeof reason === 'string' ? super.writeHead(status, reason, allowed(headers)) : super.writeHead(status, allowed(headers ?? reason));
  }

  override flushHeaders(): void {
    if (this.headersSent) return super.flushHeaders();
    this.writeHead(this.statusCode);
    setImmediate(flushUnsent, this);
  }

  override write(...args: unknown[]): boolean {
    if (this[HELD] === undefined && this.socket !== null && closesDocument(args[0])) {
      this[HELD] = this.socket;
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
  const socket = response[HELD];
  response[HELD] = undefined;
  socket?.uncork();
};

/** Calls `tell` once, when the head is about to be made: it may still set headers. */
export function beforeHead(response: AppResponse, tell: () => void): void {
  response[TELL] = tell;
}

/** An order of the runtime's own. */
export function order(response: ServerResponse, name: `x-anchor-${string}`, value: string): void {
  OutgoingMessage.prototype.setHeader.call(response, name, value);
}

const isOrder = (name: unknown): boolean => typeof name === 'string' && name.length > 9 && name.slice(0, 9).toLowerCase() === 'x-anchor-';

function allowed(headers: Headers | undefined): Headers | undefined {
  if (headers === undefined) return undefined;
  if (!Array.isArray(headers)) return Object.keys(headers).some(isOrder) ? Object.fromEntries(Object.entries(headers).filter(([name]) => !isOrder(name))) : headers;
  // Flat, or in pairs: by the first one, as Node tells them apart.
  if (Array.isArray(headers[0])) return headers.filter((pair) => !(Array.isArray(pair) && isOrder(pair[0])));
  return headers.filter((_, i) => !isOrder(headers[i - (i % 2)]));
}

/** Node's own mark; where it is missing the head is flushed once more, which writes nothing. */
const headSent = (response: ServerResponse): boolean => Reflect.get(response, '_headerSent') === true;

const CLOSING = '</html>';
const CLOSING_BYTES = Buffer.from(CLOSING);
/** Next writes the closing tags last, wherever the document has them. */
const closesDocument = (chunk: unknown): boolean =>
  typeof chunk === 'string' ? chunk.endsWith(CLOSING) : chunk instanceof Uint8Array && chunk.length >= CLOSING_BYTES.length && CLOSING_BYTES.compare(chunk, chunk.length - CLOSING_BYTES.length) === 0;
