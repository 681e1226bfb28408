import { Agent } from 'node:http';
import { IDEMPOTENT } from '../http/methods.ts';
import { isHttp10, type StreamedExchange } from '../http1/transport.ts';
import { NodeTransport, pairs, type NodeTransportUser } from '../http1/upstream/node-transport.ts';
import type { TransportError, UpstreamHead } from '../http1/upstream/transport.ts';
import type { Sink } from './compression/compressed-body.ts';
import { ReplyDeadline } from './deadline.ts';
import type { Lease } from './lease.ts';
import { ProxiedResponse, type ResponsePlan, type SinkOwner } from './proxied-response.ts';
import { respondToFailure, type ProxyDeps, type ProxyJob } from './proxy-job.ts';
import { RequestBodySender } from './request-body-sender.ts';
import { requestHeaders } from './request-headers.ts';
import type { UpstreamFailure } from './upstream-failure.ts';
import { causeOf, UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

/**
 * A connection of its own for what must not be sent twice, bodies included: an idle one may be closing while it is
 * written to.
 */
const fresh = new Agent({ keepAlive: false });

/** Proxies a request whose body is streamed to a function, and passes the response on as it arrives. */
export class NodeProxy implements UpstreamRequestOwner, NodeTransportUser, SinkOwner {
  readonly #deps: ProxyDeps;
  readonly #job: ProxyJob<StreamedExchange>;
  readonly #request: UpstreamRequest;
  readonly #response: ProxiedResponse;
  readonly #body: RequestBodySender;
  readonly #idempotent: boolean;
  #transport: NodeTransport | undefined;
  #written = false;

  constructor(deps: ProxyDeps, job: ProxyJob<StreamedExchange>) {
    this.#deps = deps;
    this.#job = job;
    const { req, res } = job.exchange;
    const { pools, settings } = deps;
    this.#idempotent = IDEMPOTENT.has(req.method ?? 'GET');
    const deadline = new ReplyDeadline(res, settings);
    this.#request = new UpstreamRequest(
      { pools, settings, deploymentId: job.deploymentId, deadline, repeatable: this.#idempotent },
      this,
    );
    this.#response = new ProxiedResponse(deps, job);
    this.#body = new RequestBodySender(job.exchange, settings.maxBodyBytes);
    res.on('close', () => this.#request.left());
    res.on('drain', () => this.#onDrain());
  }

  start(): void {
    if (this.#body.tooLarge) return this.#request.fail({ kind: 'too large' });
    this.#request.start();
  }

  get clientLeft(): boolean {
    return this.#job.exchange.res.destroyed;
  }

  send({ instance }: Lease, onlyNewConnection: boolean): NodeTransport {
    const { exchange, path, tokens } = this.#job;
    const transport = new NodeTransport(
      {
        socketPath: instance.path,
        agent: this.#idempotent && !this.#body.present && !onlyNewConnection ? instance.agent : fresh,
        method: exchange.req.method ?? 'GET',
        path,
        headers: requestHeaders(exchange, tokens, this.#body.headers),
      },
      this,
    );
    this.#transport = transport;
    if (!this.#body.present) {
      transport.end();
      this.#request.sent();
    }
    return transport;
  }

  connected(): void {
    if (this.#body.present && this.#transport !== undefined) this.#body.connected(this.#request, this.#transport);
  }

  continued(): void {
    this.#body.send();
  }

  writable(): void {
    this.#body.writable();
  }

  interim(status: number, _reason: string, raw: readonly string[]): void {
    const { req, res } = this.#job.exchange;
    // Skipped for clients that do not read: node:http would buffer them all.
    if (status <= 101 || res.headersSent || isHttp10(req) || req.socket.writableNeedDrain) return;
    try {
      res.writeInformation(status, [...raw]);
    } catch {
      // A hint that cannot be written is no reason to lose the response.
    }
  }

  head(head: UpstreamHead): void {
    const plan = this.#begin(head);
    if (plan === undefined) return;
    if (plan.kind === 'file') {
      this.#request.discard();
      this.#body.stop();
      // The client may still be sending, and only reads the file after that.
      this.#body.discard();
      this.#job.exchange.res.once('finish', () => this.#body.dropUnread());
      return this.#deps.serveFile(plan.path, head.status, plan.headers);
    }
    this.#request.streaming();
    const { res } = this.#job.exchange;
    // Streams that start with silence (SSE) still send their head at once.
    setImmediate(() => {
      if (!this.#written && this.#request.state !== 'done' && !res.writableEnded) res.flushHeaders();
    });
  }

  /** Writes the head of the response. Undefined when that is not possible. */
  #begin(head: UpstreamHead): ResponsePlan | undefined {
    const { res } = this.#job.exchange;
    try {
      const plan = this.#response.begin(head, this);
      if (plan.kind === 'file') return plan;
      if (plan.reason === undefined) res.writeHead(plan.status, plan.headers);
      else res.writeHead(plan.status, plan.reason, plan.headers);
      return plan;
    } catch (error) {
      this.#request.rejected(causeOf(error, 'invalid response'));
      return undefined;
    }
  }

  data(chunk: Buffer): void {
    this.#written = true;
    const accepted = this.#response.content(chunk);
    if (this.#response.compressed ? accepted : this.#job.exchange.res.write(chunk)) return this.#request.progressed();
    this.#request.pause();
  }

  end(trailers: readonly string[]): void {
    this.#request.received();
    if (this.#response.compressed) this.#request.waitFor('client');
    this.#response.complete();
    if (!this.#response.compressed) this.#end(trailers);
    this.#body.dropUnread();
  }

  gone(error: TransportError): void {
    this.#body.stop();
    this.#request.gone(error);
  }

  rejected(why: string): void {
    this.#request.rejected(why);
  }

  failed(failure: UpstreamFailure): void {
    this.#body.stop();
    this.#body.discard();
    this.#response.drop();
    respondToFailure(this.#deps, this.#job.exchange, failure);
  }

  #end(trailers: readonly string[]): void {
    const { exchange } = this.#job;
    this.#body.stop();
    if (trailers.length > 0) exchange.res.addTrailers(pairs(trailers));
    exchange.res.end();
    this.#request.finish();
    this.#deps.finished(exchange);
  }

  #onDrain(): void {
    if (this.#request.state !== 'streaming') return;
    if (!this.#response.compressed) return this.#request.resume();
    this.#request.waitFor('function');
    this.#response.drained();
  }

  createSink(): Sink {
    const { exchange } = this.#job;
    return {
      write: (bytes) => {
        exchange.bytes += bytes.length;
        return exchange.res.write(bytes);
      },
      end: () => {
        if (this.#request.state === 'streaming') this.#end(NOTHING);
      },
      drained: () => this.#request.resume(),
      failed: () => this.#request.fail({ kind: 'broken' }),
    };
  }
}

const NOTHING: readonly string[] = [];
