import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { rejectConnection } from '../http1/reject-connection.ts';
import { listenControl } from './control.ts';
import type { EdgeListen, EdgeOptions, EdgePorts } from './edge-options.ts';
import type { Exchange, Reply, RequestHead } from '../http1/transport.ts';
import { RequestHandler } from '../handler/request-handler.ts';
import { createClientAddressResolver } from '../http/client-address.ts';
import { createNodeServer } from '../http1/node/node-server.ts';
import { expectationFailed, internal } from '../error-pages/problems.ts';
import { createWorkerContext, type WorkerContext } from './worker-context.ts';
import { newRequestId } from '../util/request-id.ts';
import { isServing, statusOf } from './status.ts';
import { Listener } from './listener.ts';

/** Owns the sockets of one edge worker and their life cycle. See edge.ts for what it promises. */
export class Worker {
  /** Never listens: connections come from #listener. */
  readonly #http: Server;
  readonly #listener: Listener;
  readonly #context: WorkerContext;
  readonly #handler: RequestHandler;
  readonly #clientAddress: ReturnType<typeof createClientAddressResolver>;
  readonly #tunnels = new Set<Duplex>();
  /** The last response of each connection of #http. */
  readonly #responses = new WeakMap<Duplex, ServerResponse>();
  readonly #startedAt = performance.now();
  #closing: Promise<void> | undefined;
  #control: Server | undefined;

  constructor(options: EdgeOptions) {
    const { settings } = options;
    this.#context = createWorkerContext(options);
    const { memo, names, secureMemo } = this.#context;
    this.#handler = new RequestHandler({
      ...this.#context,
      sent: (routed, resolution) =>
        (routed.exchange.req.socket.encrypted === true ? secureMemo : memo).store(routed, resolution),
    });
    this.#clientAddress = createClientAddressResolver(settings.trustedProxies);
    const { responder } = this.#context;
    this.#http = createNodeServer(settings);
    this.#http.on('request', (req, res) => this.#handle(req, res, false));
    this.#http.on('checkContinue', (req, res) => this.#handle(req, res, true));
    this.#http.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) =>
      responder.problem(this.#exchange(req, res, false), expectationFailed()),
    );
    this.#http.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#http.on('clientError', (error: Error & { code?: string }, socket) => this.#reject(error.code, socket));
    this.#listener = new Listener({
      settings,
      http: this.#http,
      names,
      tunnels: options.tunnels,
      memo,
      secureMemo,
      clientAddress: (socket) => this.#clientAddress({ socket, headers: {} }),
      handle: (head, res) => this.#handler.handleOwn(this.#exchange(head, res, false)),
      handleStreamed: (req, res, expectsContinue) =>
        this.#handler.handleNode(this.#exchange(req, res, expectsContinue)),
      reject: (req, res, problem) => responder.problem(this.#exchange(req, res, false), problem),
    });
  }

  async listen({ host, port, httpsPort, reusePort = false, control }: EdgeListen): Promise<EdgePorts> {
    const { server, secureServer } = this.#listener;
    const bound = await bind(server, { host, port, reusePort });
    if (httpsPort === undefined) {
      if (control !== undefined) await this.#openControl(control);
      return { port: bound };
    }
    const secure = await bind(secureServer, { host, port: httpsPort, reusePort });
    this.#context.gate.httpsPort = secure;
    if (control !== undefined) await this.#openControl(control);
    return { port: bound, httpsPort: secure };
  }

  /**
   * Opens the control socket. Sites are served without it too, for example on a full disk, where opening it is retried.
   */
  async #openControl(path: string): Promise<void> {
    try {
      this.#control = await listenControl(path, {
        refreshCertificates: () => this.#context.names.refresh(),
        isServing: (name, deployment) => isServing(this.#context, name, deployment),
        metrics: (after, instance) =>
          this.#context.responder.metrics.read(after, this.#context.options.clock.now(), instance),
        status: () => statusOf(this.#context, performance.now() - this.#startedAt, this.#closing !== undefined),
      });
      // What was published after the first read, while there was no socket to tell of it.
      this.#context.names.refresh();
    } catch {
      setTimeout(() => {
        if (this.#closing === undefined) void this.#openControl(path);
      }, CONTROL_RETRY_MS).unref();
    }
  }

  get requests(): number {
    return this.#context.responder.requests;
  }

  close(deadlineMs: number): Promise<void> {
    // From now on responses close their connections, which memoized responses do not.
    this.#context.memo.close();
    this.#context.secureMemo.close();
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const { responder, options, pools, revalidator, sites } = this.#context;
    const until = performance.now() + deadlineMs;
    // Right after the event loop has accepted all waiting connections: those that wait when the socket closes are lost,
    // unless the kernel moves them to a sibling (net.ipv4.tcp_migrate_req).
    await new Promise<void>((resolve) => setImmediate(resolve));
    const { server, secureServer } = this.#listener;
    const servers = [server, secureServer];
    for (const one of servers) one.close();
    this.#listener.drain();
    const lingerUntil = performance.now() + Math.min(options.settings.shutdownLingerMs, deadlineMs);
    while (performance.now() < lingerUntil && (await connections(servers)) > 0) await delay(10);
    this.#closeIdle();
    const timer = new AbortController();
    await Promise.race([responder.idle(), delay(Math.max(0, until - performance.now()), timer.signal)]);
    timer.abort();
    for (const socket of this.#tunnels) socket.destroy();
    // Responses whose last bytes are still in transit to a slow client.
    while (performance.now() < until && (await connections(servers)) > 0) {
      this.#closeIdle();
      await delay(10);
    }
    this.#http.close(() => undefined);
    this.#http.closeAllConnections();
    this.#listener.closeAll();
    revalidator.close();
    sites.close();
    pools.close();
    const control = this.#control;
    if (control === undefined) return;
    await new Promise<void>((resolve) => {
      control.close(() => resolve());
      control.closeAllConnections();
    });
  }

  #closeIdle(): void {
    this.#http.closeIdleConnections();
    this.#listener.closeIdle();
  }

  #exchange<Req extends RequestHead, Res extends Reply>(
    req: Req,
    res: Res,
    expectsContinue: boolean,
  ): Exchange<Req, Res> {
    this.#context.responder.requestStarted();
    if (this.#closing !== undefined) res.shouldKeepAlive = false;
    const { ip, trusted } = this.#clientAddress(req);
    const named = trusted ? req.headers['x-request-id'] : undefined;
    const requestId = typeof named === 'string' && /^[A-Za-z0-9._-]{8,128}$/.test(named) ? named : newRequestId();
    return {
      req,
      res,
      requestId,
      startedAt: performance.now(),
      host: '',
      ip,
      trusted,
      target: undefined,
      deploymentId: undefined,
      cache: 'ERROR',
      bytes: 0,
      expectsContinue,
      done: false,
    };
  }

  #handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const exchange = this.#exchange(req, res, expectsContinue);
    // Writing to a client that has just left is no error of ours; what ended early is seen by 'close'.
    res.on('error', ignore);
    this.#responses.set(req.socket, res);
    this.#handler.handleNode(exchange);
  }

  /** Rejects bytes that are not HTTP. A response that has started only ends: an error page would become its body. */
  #reject(code: string | undefined, socket: Duplex): void {
    const response = this.#responses.get(socket);
    if (response?.headersSent === true && !response.writableEnded) socket.destroy();
    else rejectConnection(code, socket);
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    req.socket.setTimeout(0);
    // Only its status is ever read: an upgrade has no response object.
    const res = Object.assign(Object.create(null) as ServerResponse, { statusCode: 101 });
    const exchange = this.#exchange(req, res, false);
    const { refuse } = this.#context.responder;
    this.#tunnels.add(socket);
    socket.once('close', () => this.#tunnels.delete(socket));
    this.#handler.handleUpgrade(exchange, socket, head).catch(() => refuse(exchange, socket, internal()));
  }
}

/** Between two tries to open the control socket. */
const CONTROL_RETRY_MS = 5_000;
const ignore = (): void => undefined;

function bind(
  server: NetServer,
  { host, port, reusePort }: Readonly<{ host: string; port: number; reusePort: boolean }>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, reusePort, backlog: 4096 }, () => {
      server.removeListener('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

async function connections(servers: readonly NetServer[]): Promise<number> {
  const counts = servers.map(
    (server) =>
      new Promise<number>((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0))),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

const delay = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
