import type { Duplex } from 'node:stream';
import type { Exchange } from '../http1/transport.ts';
import { NodeTransport, type NodeTransportUser } from '../http1/upstream/node-transport.ts';
import type { TransportError, UpstreamHead } from '../http1/upstream/transport.ts';
import type { Problem } from '../error-pages/error-page.ts';
import type { EdgeSettings } from '../util/settings.ts';
import { TimerDeadline } from './deadline.ts';
import type { FunctionPools } from './function-pools.ts';
import type { Lease } from './lease.ts';
import type { ProxyJob } from './proxy-job.ts';
import { requestHeaders } from './request-headers.ts';
import { responseHeaders } from './response-headers.ts';
import { joinConnections } from './tunnel.ts';
import { problemOf, type UpstreamFailure } from './upstream-failure.ts';
import { UpstreamRequest, type UpstreamRequestOwner } from './upstream-request.ts';

export type UpgradeDeps = Readonly<{
  pools: FunctionPools;
  settings: EdgeSettings;
  refuse(exchange: Exchange, socket: Duplex, problem: Problem): void;
  finished(exchange: Exchange, status: number): void;
}>;

export type UpgradeJob = Pick<ProxyJob, 'exchange' | 'deploymentId' | 'path' | 'tokens'> &
  Readonly<{
    socket: Duplex;
    /** Bytes that the client sent after its request. */
    first: Buffer;
  }>;

/** Status in the log when the client left before a response. */
const CLIENT_LEFT = 499;

/** Joins the connection of a request for a WebSocket with the function's, once the function agrees. */
export class WebSocketProxy implements UpstreamRequestOwner, NodeTransportUser {
  readonly #deps: UpgradeDeps;
  readonly #job: UpgradeJob;
  readonly #request: UpstreamRequest;
  #transport: NodeTransport | undefined;
  #status = CLIENT_LEFT;

  constructor(deps: UpgradeDeps, job: UpgradeJob) {
    this.#deps = deps;
    this.#job = job;
    const { pools, settings } = deps;
    const deadline = new TimerDeadline();
    this.#request = new UpstreamRequest(
      { pools, settings, deploymentId: job.deploymentId, deadline, repeatable: true },
      this,
    );
  }

  start(): void {
    const { socket } = this.#job;
    socket.on('close', () => this.#request.left());
    this.#request.start();
  }

  get clientLeft(): boolean {
    return this.#job.socket.destroyed;
  }

  send({ instance }: Lease): NodeTransport {
    const { exchange, path, tokens } = this.#job;
    const transport = new NodeTransport(
      {
        socketPath: instance.path,
        agent: false,
        method: 'GET',
        path,
        headers: requestHeaders(exchange, tokens, ['connection', 'Upgrade', 'upgrade', 'websocket']),
      },
      this,
    );
    this.#transport = transport;
    transport.end();
    this.#request.sent();
    return transport;
  }

  /** A client that waits for a WebSocket has no use for hints. */
  interim(): void {}

  upgraded(head: UpstreamHead, upstream: Duplex, early: Buffer): void {
    const { exchange, socket, first } = this.#job;
    this.#status = 101;
    this.#request.tunneling();
    const { headers } = responseHeaders(exchange, head.raw, undefined, false, false);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${lines(headers)}\r\n`,
      'latin1',
    );
    if (early.length > 0) socket.write(early);
    if (first.length > 0) upstream.write(first);
    joinConnections(socket, upstream, (bytes) => {
      exchange.bytes += bytes;
    });
    upstream.on('close', () => this.#end());
  }

  /** The function refuses: its response is passed on unchanged, and the connection ends with it. */
  head(head: UpstreamHead): void {
    const { exchange, socket } = this.#job;
    this.#status = head.status;
    this.#request.streaming();
    const { headers } = responseHeaders(exchange, head.raw, head.connection, false, false);
    socket.write(`HTTP/1.1 ${head.status} ${head.reason}\r\nconnection: close\r\n${lines(headers)}\r\n`, 'latin1');
    socket.on('drain', () => {
      this.#transport?.resume();
      this.#request.waitFor('function');
    });
  }

  data(chunk: Buffer): void {
    const { exchange, socket } = this.#job;
    exchange.bytes += chunk.length;
    if (socket.write(chunk)) return this.#request.waitFor('function');
    this.#transport?.pause();
    this.#request.waitFor('client');
  }

  end(): void {
    this.#request.received();
    this.#end();
  }

  gone(error: TransportError): void {
    this.#request.gone(error);
  }

  rejected(why: string): void {
    this.#request.rejected(why);
  }

  failed(failure: UpstreamFailure): void {
    const { exchange, socket } = this.#job;
    const page = problemOf(failure, this.#deps.settings);
    if (page !== undefined) return this.#deps.refuse(exchange, socket, page.problem);
    if (failure.kind === 'broken') socket.destroy();
    this.#deps.finished(exchange, this.#status);
  }

  #end(): void {
    this.#request.finish();
    this.#job.socket.end();
    this.#deps.finished(this.#job.exchange, this.#status);
  }
}

function lines(flat: readonly string[]): string {
  let out = '';
  for (let i = 0; i < flat.length; i += 2) out += `${flat[i]}: ${flat[i + 1]}\r\n`;
  return out;
}
