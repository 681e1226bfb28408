import type { StreamedExchange } from '../http1/transport.ts';
import type { NodeTransport } from '../http1/upstream/node-transport.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/** How long a body waits for the function's "100 Continue". */
const CONTINUE_AFTER_MS = 1_000;
/** How long a client may continue to send a body after its response has ended. */
const UNREAD_BODY_MS = 1_000;

/** Sends the body of a request to its function, in step with both sides. */
export class RequestBodySender {
  /** Headers that describe the body, flat. */
  readonly headers: readonly string[];
  /** Whether there is a body. */
  readonly present: boolean;
  readonly #exchange: StreamedExchange;
  readonly #maxBytes: number;
  #transport: NodeTransport | undefined;
  #request: UpstreamRequest | undefined;
  #continueTimer: NodeJS.Timeout | undefined;
  #started = false;
  #bytes = 0;

  constructor(exchange: StreamedExchange, maxBytes: number) {
    this.#exchange = exchange;
    this.#maxBytes = maxBytes;
    const { headers } = exchange.req;
    const declared = headers['content-length'];
    const chunked = headers['transfer-encoding'] !== undefined || exchange.req.hasUndeclaredBody === true;
    this.present = chunked || (declared !== undefined && declared !== '0');
    const own: string[] = [];
    if (chunked) own.push('transfer-encoding', 'chunked');
    else if (declared !== undefined) own.push('content-length', declared);
    if (chunked && headers.trailer !== undefined) own.push('trailer', headers.trailer);
    if (exchange.expectsContinue && this.present) own.push('expect', '100-continue');
    this.headers = own;
  }

  /** Whether the declared length is over the limit. */
  get tooLarge(): boolean {
    return Number(this.#exchange.req.headers['content-length'] ?? 0) > this.#maxBytes;
  }

  /** Starts to send on an accepted connection, at once or when the function says so. */
  connected(request: UpstreamRequest, transport: NodeTransport): void {
    this.#request = request;
    this.#transport = transport;
    if (!this.#exchange.expectsContinue) return this.send();
    // A function that never sends "continue" gets the body all the same, as from any client.
    this.#continueTimer = setTimeout(() => this.send(), CONTINUE_AFTER_MS);
  }

  /** Ends the wait for "100 Continue" of an attempt that is over. */
  stop(): void {
    clearTimeout(this.#continueTimer);
  }

  /** Sends the body as it arrives. Later calls do nothing. */
  send(): void {
    const request = this.#request;
    const transport = this.#transport;
    if (this.#started || request === undefined || transport === undefined || request.state === 'done') return;
    this.#started = true;
    this.stop();
    const { req, res, expectsContinue } = this.#exchange;
    if (expectsContinue && !res.headersSent) res.writeContinue();
    request.sending();
    req.on('data', (chunk: Buffer) => this.#forward(request, transport, chunk));
    req.on('end', () => {
      if (request.state === 'done') return;
      request.sent();
      request.waitFor('function');
      transport.end(undefined, req.rawTrailers);
    });
    req.on('error', () => request.left());
  }

  #forward(request: UpstreamRequest, transport: NodeTransport, chunk: Buffer): void {
    if (request.state === 'done') return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) return request.fail({ kind: 'too large' });
    if (transport.write(chunk)) return request.waitFor('client');
    request.waitFor('function');
    this.#exchange.req.pause();
  }

  /** Continues: the function takes more. */
  writable(): void {
    this.#request?.waitFor('client');
    this.#exchange.req.resume();
  }

  /** Reads the rest of a body that was paused, and drops it: the client's next request follows it. */
  discard(): void {
    if (this.#started) this.#exchange.req.resume();
  }

  /** Closes the connection of a client that does not stop sending: what is left of a body must not hold it. */
  dropUnread(): void {
    const { req } = this.#exchange;
    if (req.complete) return;
    setTimeout(() => {
      if (!req.complete) req.destroy();
    }, UNREAD_BODY_MS).unref();
  }
}
