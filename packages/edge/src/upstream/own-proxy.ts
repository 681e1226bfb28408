import { STATUS_CODES } from 'node:http';
import { IDEMPOTENT } from '../http/methods.ts';
import type { OwnExchange } from '../http1/own/own-exchange.ts';
import { trailersOf, type Piece } from '../http1/upstream/chunked.ts';
import { UpstreamConnection } from '../http1/upstream/connection.ts';
import { OwnTransport, type OwnTransportUser } from '../http1/upstream/own-transport.ts';
import type { ResponseHead } from '../http1/upstream/response-head.ts';
import type { TransportError } from '../http1/upstream/transport.ts';
import type { Sink } from './compression/compressed-body.ts';
import type { Lease } from './lease.ts';
import { ProxiedResponse, type SinkOwner } from './proxied-response.ts';
import { respondToFailure, type ProxyDeps, type ProxyJob } from './proxy-job.ts';
import { requestHeaders } from './request-headers.ts';
import type { UpstreamFailure } from './upstream-failure.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

/** Proxies a request that the edge parsed itself to a function, and passes the response on as it arrives. */
export class OwnProxy implements UpstreamRequestOwner, OwnTransportUser, SinkOwner {
  readonly #deps: ProxyDeps;
  readonly #job: ProxyJob<OwnExchange>;
  readonly #request: UpstreamRequest;
  readonly #response: ProxiedResponse;
  /** Whether its connection may be reused. A function that responds early may take a body for another request. */
  readonly #repeatable: boolean;
  #transport: OwnTransport | undefined;
  /** Whether the client takes more. */
  #writable = true;

  constructor(deps: ProxyDeps, job: ProxyJob<OwnExchange>) {
    this.#deps = deps;
    this.#job = job;
    const { req, res } = job.exchange;
    const { pools, settings } = deps;
    this.#repeatable = IDEMPOTENT.has(req.method) && req.body === undefined;
    this.#request = new UpstreamRequest(
      { pools, settings, deploymentId: job.deploymentId, deadline: res, repeatable: this.#repeatable },
      this,
    );
    this.#response = new ProxiedResponse(deps, job);
    res.on('close', () => this.#request.left());
    // A client that half-closes its connection cannot be told apart from one that has left.
    res.on('end', () => res.destroy());
    res.on('drain', () => this.#onDrain());
  }

  start(): void {
    this.#request.start();
  }

  get clientLeft(): boolean {
    return this.#job.exchange.res.destroyed;
  }

  send({ instance }: Lease, onlyNewConnection: boolean): OwnTransport {
    const { exchange, path, tokens } = this.#job;
    const { method, body, headers: requested } = exchange.req;
    // A connection of its own for what must not be sent twice: an idle one may be closing while it is written to.
    const up =
      (this.#repeatable && !onlyNewConnection ? instance.idle.take() : undefined) ??
      new UpstreamConnection(instance.path, instance.idle);
    const transport = new OwnTransport(up, method, this.#repeatable, this);
    const declared = requested['content-length'];
    const headers = requestHeaders(exchange, tokens, declared === undefined ? NOTHING : ['content-length', declared]);
    let head = `${method} ${path} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    transport.send(head, body?.bytes);
    this.#request.sent();
    this.#transport = transport;
    return transport;
  }

  interim(status: number, reason: string, raw: readonly string[]): void {
    if (status > 101) this.#job.exchange.res.writeInformational(status, reason, raw);
  }

  head(head: ResponseHead, first: Buffer | undefined): void {
    const { exchange, mayCompress } = this.#job;
    const { req, res } = exchange;
    const whole = mayCompress ? wholeBytes(head, first) : undefined;
    const plan = this.#response.begin(head, this, whole);
    if (plan.kind === 'file') {
      this.#request.discard();
      return this.#deps.serveFile(plan.path, head.status, plan.headers);
    }
    const { kind } = head.framing;
    const chunked = kind === 'chunked' || kind === 'close' || this.#response.compressed;
    res.begin(plan.status, plan.reason ?? STATUS_CODES[plan.status] ?? '', plan.headers, chunked);
    req.body?.drop();
    this.#request.streaming();
    if (first !== undefined) return;
    // The first bytes mostly follow at once, and leave in one write with the head; a stream that starts with silence
    // still shows its head.
    setImmediate(() => {
      if (this.#request.state === 'streaming') res.flush();
    });
  }

  content(bytes: Buffer): void {
    this.#writable = this.#response.content(bytes);
    const { res } = this.#job.exchange;
    if (res.framing === 'http2' && !this.#response.compressed) this.#writable = res.write(bytes);
  }

  framed(pieces: readonly Piece[], done: boolean): void {
    const { res } = this.#job.exchange;
    if (res.framing === 'http1' && !this.#response.compressed)
      this.#writable = pieces.length === 0 || res.writeRaw(pieces);
    if (done && res.framing === 'http2') res.addTrailers(trailersOf(pieces));
    if (done) return this.#complete();
    if (!this.#writable) this.#transport?.pause();
    this.#request.waitFor(this.#writable ? 'function' : 'client');
  }

  gone(error: TransportError): void {
    this.#request.gone(error);
  }

  rejected(why: string): void {
    this.#request.rejected(why);
  }

  failed(failure: UpstreamFailure): void {
    this.#response.drop();
    respondToFailure(this.#deps, this.#job.exchange, failure);
  }

  #complete(): void {
    this.#request.received();
    if (this.#response.compressed) this.#request.waitFor('client');
    this.#response.complete();
    if (!this.#response.compressed) this.#end();
  }

  #end(): void {
    const { exchange } = this.#job;
    this.#request.finish();
    this.#deps.finished(exchange);
    exchange.res.end();
  }

  #onDrain(): void {
    if (this.#request.state !== 'streaming') return;
    this.#request.waitFor('function');
    if (this.#response.compressed) this.#response.drained();
    else this.#transport?.resume();
  }

  createSink(): Sink {
    const { exchange } = this.#job;
    return {
      write: (bytes) => {
        exchange.bytes += bytes.length;
        const { res } = exchange;
        const more =
          res.framing === 'http2'
            ? res.write(bytes)
            : res.writeRaw([`${bytes.length.toString(16)}\r\n`, bytes, '\r\n']);
        this.#request.waitFor(more ? 'function' : 'client');
        return more;
      },
      end: () => {
        if (this.#request.state !== 'streaming') return;
        if (exchange.res.framing === 'http1') exchange.res.writeRaw(['0\r\n\r\n']);
        this.#end();
      },
      drained: () => {
        this.#writable = true;
        this.#transport?.resume();
      },
      failed: () => this.#request.fail({ kind: 'broken' }),
    };
  }
}

const NOTHING: readonly string[] = [];
/** Shorter than any compressed response. */
const LAST_BYTES = 1_024;

/** Returns how long a short response is that arrived whole with its head. */
const wholeBytes = ({ framing }: ResponseHead, first: Buffer | undefined): number | undefined =>
  first !== undefined &&
  framing.kind === 'chunked' &&
  first.length < LAST_BYTES &&
  first.toString('latin1').endsWith('0\r\n\r\n')
    ? first.length
    : undefined;
