import type { Problem } from '../error-pages/error-page.ts';
import { badRequest, expectationFailed, headTooLarge } from '../error-pages/problems.ts';
import type { ClientAddress } from '../http/client-address.ts';
import type { PrebuiltResponse } from '../http1/own/prebuilt-responses.ts';
import { isMethod, type Head } from '../http1/own/request-head.ts';
import type { Exchange, RequestHead, RequestSocket } from '../http1/transport.ts';
import type { Variant } from '../http1/variant.ts';
import type { CachedBytes } from '../util/cached-bytes.ts';
import { newRequestId } from '../util/request-id.ts';
import { ERROR, type ErrorCode } from './frames.ts';
import type { DecodedRequest } from './header-blocks.ts';
import { windowBytes } from './prebuilt-responses.ts';
import { Http2Reply, type ReplyConnection } from './reply.ts';
import type { RequestFields } from './request-head.ts';
import type { Http2Server } from './server.ts';
import { Http2Stream } from './stream.ts';
import type { StreamTable } from './stream-table.ts';
import { Http2Request } from './streamed-request.ts';

/** Dispatches the requests of one connection: from the response memo, with a buffered body, or with a streamed one. */
export class RequestDispatcher implements ReplyConnection {
  readonly #server: Http2Server;
  readonly #streams: StreamTable;
  readonly #client: Readonly<{ initialWindow: number }>;
  readonly #peer: RequestSocket;
  readonly #clientAddress: ClientAddress;

  constructor(
    server: Http2Server,
    streams: StreamTable,
    client: Readonly<{ initialWindow: number }>,
    peer: RequestSocket,
  ) {
    this.#server = server;
    this.#streams = streams;
    this.#client = client;
    this.#peer = peer;
    this.#clientAddress = server.clientAddress(peer);
  }

  get blocked(): boolean {
    return this.#streams.output.blocked;
  }

  /** Opens a stream for a request. `end`: it has no body. */
  open(id: number, request: DecodedRequest, end: boolean): ErrorCode | undefined {
    const { fields } = request;
    if (fields === 'malformed') return this.#streams.refuse(id, ERROR.protocol);
    const declared = typeof fields === 'string' ? undefined : fields.contentLength;
    if (end && declared !== undefined && declared > 0) return this.#streams.refuse(id, ERROR.protocol);
    if (end && request.text !== undefined && this.#sendMemoized(id, request.text)) return undefined;
    const method = typeof fields === 'string' ? 'GET' : fields.method;
    const reply = new Http2Reply(this, id, this.#client.initialWindow, method);
    const stream = new Http2Stream(id, reply, end, declared);
    this.#streams.add(stream);
    reply.setDeadline(0, undefined);
    if (fields === 'too large') this.#reject(stream, headTooLarge());
    else if (fields === 'method') this.#reject(stream, badRequest('This method is not supported.', 405));
    else if (!end || !isMethod(fields.method)) this.#openBody(stream, fields);
    else this.#handle(request, fields, reply);
    return undefined;
  }

  #handle(request: DecodedRequest, fields: RequestFields, reply: Http2Reply): void {
    if (request.head?.text === undefined) request.head = headOf(fields, this.#peer, 0, request.text);
    this.#server.handle(request.head, reply);
  }

  /** Serves a request from the response memo. Returns false when that is not possible. */
  #sendMemoized(id: number, text: string): boolean {
    const { memo, prebuilt } = this.#server;
    if (this.#clientAddress.trusted || this.#streams.output.blocked || this.#streams.output.announces) return false;
    const hit = memo.lookup(text);
    if (hit === undefined || !this.#fits(hit.response, this.#client.initialWindow)) return false;
    const startedAt = performance.now();
    const requestId = newRequestId();
    if (!prebuilt.write(this.#streams.output, hit.response, id, requestId, hit.deploymentId)) return false;
    this.#onWhole(hit.response);
    memo.recordHit(hit, requestId, startedAt, this.#clientAddress.ip);
    return true;
  }

  /** Returns whether the windows of stream and connection admit a whole response. */
  #fits(response: PrebuiltResponse, window: number): boolean {
    return response.bytes !== undefined && windowBytes(response) <= Math.min(window, this.#streams.sender.window);
  }

  #onWhole(response: PrebuiltResponse): void {
    const bytes = windowBytes(response);
    this.#streams.sender.window -= bytes;
    this.#streams.delivered(bytes);
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
    const isBlocked = (): boolean => this.blocked;
    const refuse = (): void => this.#refuseBody(stream);
    const request = new Http2Request(fields, !stream.complete, {
      socket: {
        ...this.#peer,
        destroy: refuse,
        get writableNeedDrain() {
          return isBlocked();
        },
      },
      consumed: (bytes) => this.#streams.release(stream, bytes),
      refuse,
    });
    stream.request = request;
    this.#server.handleStreamed(request, stream.reply, fields.headers.expect !== undefined && !stream.complete);
    return request;
  }

  /** Stops a body that is not needed. */
  #refuseBody(stream: Http2Stream): void {
    if (this.#streams.get(stream.id) === stream) this.#streams.reset(stream.id, ERROR.none);
  }

  /** Streams a body that arrives too slowly to be buffered. */
  streamPending(stream: Http2Stream): void {
    const { pending } = stream;
    if (pending === undefined) return;
    stream.pending = undefined;
    const received = Buffer.from(pending.body.bytes);
    pending.body.drop();
    const request = this.#handleStreamed(stream, pending.fields);
    // Its bytes count as read already.
    if (received.length > 0) request.addRead(received);
  }

  /** Adds received bytes of a body. */
  addBody(stream: Http2Stream, bytes: Buffer, from: number, to: number): void {
    stream.reply.onProgress(to - from);
    if (stream.pending !== undefined) {
      stream.pending.body.add(bytes.subarray(from, to), to - from);
      this.#streams.release(stream, to - from);
    } else stream.request?.add(Buffer.from(bytes.subarray(from, to)));
  }

  /** Handles a request whose body has arrived whole. */
  endRequest(stream: Http2Stream): void {
    stream.complete = true;
    const { pending } = stream;
    if (pending === undefined) return stream.request?.finish();
    stream.pending = undefined;
    const head = headOf(pending.fields, this.#peer, pending.body.bytes.length);
    stream.body = pending.body;
    this.#server.handle({ ...head, body: pending.body }, stream.reply);
  }

  schedule(reply: Http2Reply): void {
    this.#streams.sender.add(reply);
  }

  writePrebuilt(
    reply: Http2Reply,
    exchange: Exchange,
    status: number,
    variant: Variant,
    content: CachedBytes,
  ): PrebuiltResponse | undefined {
    const { prebuilt } = this.#server;
    if (this.#streams.output.blocked || this.#streams.output.announces) return undefined;
    const response = prebuilt.find(exchange, status, variant, content, reply.extra);
    if (response === undefined || !this.#fits(response, reply.queue.window)) return undefined;
    if (!prebuilt.write(this.#streams.output, response, reply.id, exchange.requestId, exchange.deploymentId ?? ''))
      return undefined;
    this.#onWhole(response);
    this.#streams.sender.flushSoon();
    return response;
  }

  setDeadline(reply: Http2Reply, ms: number | undefined): void {
    reply.deadline = this.#server.time.now + (ms ?? this.#server.stallTimeoutMs);
  }

  abort(reply: Http2Reply): void {
    this.#streams.reset(reply.id, ERROR.internal);
  }

  complete(reply: Http2Reply): void {
    this.#streams.complete(reply);
  }
}

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
