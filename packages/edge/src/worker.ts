import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { refuseRaw } from './answers.ts';
import { listenControl } from './control.ts';
import type { EdgeListen, EdgeOptions } from './edge.ts';
import type { Exchange, Reply, RequestHead } from './exchange.ts';
import { HandOver } from './functions/hand-over.ts';
import { visitorOf } from './http/visitor.ts';
import { createNodeServer } from './node-server.ts';
import { expectationFailed, internal } from './pages/problems.ts';
import { createState, type State } from './state.ts';
import { newRequestId } from './request-id.ts';
import { settled, statusOf } from './status.ts';
import { Visits } from './visits.ts';
import { WireServer } from './wire/wire-server.ts';

/** The sockets of one edge worker and their life. See edge.ts for what it promises. */
export class Worker {
  /** Never listens: connections come from #wire. */
  readonly #http: Server;
  readonly #wire: WireServer;
  readonly #state: State;
  readonly #visits: Visits;
  readonly #handOver: HandOver;
  readonly #visitor: ReturnType<typeof visitorOf>;
  readonly #tunnels = new Set<Duplex>();
  readonly #startedAt = performance.now();
  #closing: Promise<void> | undefined;
  #control: Server | undefined;

  constructor(options: EdgeOptions) {
    const { settings } = options;
    this.#state = createState(options);
    this.#visits = new Visits(this.#state);
    this.#handOver = new HandOver(this.#state);
    this.#visitor = visitorOf(settings.trustedProxies);
    const { answers } = this.#state;
    this.#http = createNodeServer(settings);
    this.#http.on('request', (req, res) => this.#handle(req, res, false));
    this.#http.on('checkContinue', (req, res) => this.#handle(req, res, true));
    this.#http.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => answers.problem(this.#exchange(req, res, false), expectationFailed()));
    this.#http.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#http.on('clientError', (error: Error & { code?: string }, socket) => refuseRaw(error.code, socket));
    this.#wire = new WireServer({
      settings,
      http: this.#http,
      repeats: this.#state.repeats,
      visitor: (socket) => this.#visitor({ socket, headers: {} }),
      answer: (head, res) => this.#visits.route(this.#handOver.wire, this.#exchange(head, res, false)),
    });
  }

  async listen({ host, port, reusePort = false, control }: EdgeListen): Promise<Readonly<{ port: number }>> {
    await new Promise<void>((resolve, reject) => {
      this.#wire.server.once('error', reject);
      this.#wire.server.listen({ host, port, reusePort, backlog: 4096 }, () => {
        this.#wire.server.removeListener('error', reject);
        resolve();
      });
    });
    if (control !== undefined) this.#control = await listenControl(control, { settled: (name, deployment) => settled(this.#state, name, deployment), status: () => statusOf(this.#state, performance.now() - this.#startedAt, this.#closing !== undefined) });
    const address = this.#wire.server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : port };
  }

  get requests(): number {
    return this.#state.answers.requests;
  }

  close(deadlineMs: number): Promise<void> {
    // Answers close their connections from now on, which those from memory do not.
    this.#state.repeats.close();
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const { answers, options, pools, refresher } = this.#state;
    const until = performance.now() + deadlineMs;
    // Right after the event loop has accepted all that waits: what waits when the socket closes is lost, unless the
    // kernel hands it to a sibling (net.ipv4.tcp_migrate_req).
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#wire.server.close();
    const lingerUntil = performance.now() + Math.min(options.settings.lingerMs, deadlineMs);
    while (performance.now() < lingerUntil && (await connections(this.#wire.server)) > 0) await delay(10);
    this.#closeQuiet();
    const timer = new AbortController();
    await Promise.race([answers.idle(), delay(Math.max(0, until - performance.now()), timer.signal)]);
    timer.abort();
    for (const socket of this.#tunnels) socket.destroy();
    // Answers whose last bytes are still on their way to a slow client.
    while (performance.now() < until && (await connections(this.#wire.server)) > 0) {
      this.#closeQuiet();
      await delay(10);
    }
    this.#http.close(() => undefined);
    this.#http.closeAllConnections();
    this.#wire.closeAll();
    refresher.close();
    pools.close();
    const control = this.#control;
    if (control === undefined) return;
    await new Promise<void>((resolve) => {
      control.close(() => resolve());
      control.closeAllConnections();
    });
  }

  #closeQuiet(): void {
    this.#http.closeIdleConnections();
    this.#wire.closeQuiet();
  }

  #exchange<Req extends RequestHead, Res extends Reply>(req: Req, res: Res, expectsContinue: boolean): Exchange<Req, Res> {
    this.#state.answers.begun();
    if (this.#closing !== undefined) res.shouldKeepAlive = false;
    const { ip, trusted } = this.#visitor(req);
    const named = trusted ? req.headers['x-request-id'] : undefined;
    const requestId = typeof named === 'string' && /^[A-Za-z0-9._-]{8,128}$/.test(named) ? named : newRequestId();
    return { req, res, requestId, startedAt: performance.now(), host: '', ip, trusted, target: undefined, deploymentId: undefined, cache: 'ERROR', bytes: 0, expectsContinue, done: false };
  }

  #handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const exchange = this.#exchange(req, res, expectsContinue);
    // Writing to a client that has just left is no error of ours; what ended early is seen by 'close'.
    res.on('error', ignore);
    this.#visits.route(this.#handOver.node, exchange);
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    req.socket.setTimeout(0);
    // Only its status is ever read: an upgrade has no response object.
    const res = Object.assign(Object.create(null) as ServerResponse, { statusCode: 101 });
    const exchange = this.#exchange(req, res, false);
    const { refuse } = this.#state.answers;
    this.#tunnels.add(socket);
    socket.once('close', () => this.#tunnels.delete(socket));
    this.#handOver.tunnel(this.#visits, exchange, socket, head).catch(() => refuse(exchange, socket, internal()));
  }
}

const ignore = (): void => undefined;

const connections = (server: NetServer): Promise<number> => new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)));

const delay = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
