import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { Answers, refuseRaw } from './answers.ts';
import type { Asset, Part } from './assets/asset.ts';
import { Memory } from './assets/memory.ts';
import { AssetSender } from './assets/send.ts';
import { Coder } from './cache/coder.ts';
import { describe, keeperFor, type Keeper } from './cache/keep.ts';
import { KeptPages } from './cache/kept-pages.ts';
import { Refresher } from './cache/refresher.ts';
import { listenControl } from './control.ts';
import type { EdgeListen, EdgeOptions } from './edge.ts';
import type { Exchange, NodeExchange, Reply, RequestHead } from './exchange.ts';
import { FunctionPools } from './functions/pools.ts';
import { inParts } from './functions/in-parts.ts';
import { proxy } from './functions/proxy.ts';
import { upgrade } from './functions/upgrade.ts';
import { visitorOf } from './http/visitor.ts';
import { locate } from './locate.ts';
import { createNodeServer } from './node-server.ts';
import { brokenArtifact, expectationFailed, internal, missingBlob, notFound } from './pages/problems.ts';
import { serve, serveInstead, type ServeDeps, type Visit } from './serve.ts';
import { chooseDeployment, deploymentNamed, HostRoutes, type Chosen } from './sites/host-routes.ts';
import type { Head } from './wire/head.ts';
import { Relay, type RelayDeps } from './wire/relay.ts';
import type { WireExchange, WireReply } from './wire/reply.ts';
import { WireServer } from './wire/wire-server.ts';
import { Rounds } from './sites/rounds.ts';
import { Sites } from './sites/sites.ts';
import { TagLogs } from './sites/tag-log.ts';

/** The sockets of one edge worker, and what each request runs through. See edge.ts for what it promises. */
export class Worker {
  readonly #options: EdgeOptions;
  /** Never listens: connections come from #wire. */
  readonly #http: Server;
  readonly #wire: WireServer;
  readonly #routes: HostRoutes;
  readonly #sites: Sites;
  readonly #pools: FunctionPools;
  readonly #memory: Memory;
  readonly #kept: KeptPages;
  readonly #coder: Coder;
  readonly #refresher: Refresher;
  readonly #answers: Answers;
  readonly #deps: ServeDeps<NodeExchange>;
  readonly #wireDeps: ServeDeps<WireExchange>;
  readonly #visitor: ReturnType<typeof visitorOf>;
  readonly #tunnels = new Set<Duplex>();
  readonly #startedAt = performance.now();
  #closing: Promise<void> | undefined;
  #control: Server | undefined;

  constructor(options: EdgeOptions) {
    const { settings } = options;
    this.#options = options;
    this.#routes = new HostRoutes(options.routes);
    this.#sites = new Sites(options.assets, settings.manifestBytes);
    this.#pools = new FunctionPools(options.functions, settings);
    this.#memory = new Memory(settings.memoryBytes);
    this.#kept = new KeptPages(settings.pageBytes);
    this.#coder = new Coder(this.#kept);
    const now = (): number => options.clock.now();
    this.#refresher = new Refresher({ kept: this.#kept, now, pools: this.#pools, startMs: settings.startMs, firstByteMs: settings.firstByteMs });
    this.#answers = new Answers(options.clock, options.accessLog);
    this.#visitor = visitorOf(settings.trustedProxies);
    const { problem, redirect } = this.#answers;
    this.#deps = {
      sites: this.#sites,
      tags: new TagLogs(options.tagLog, new Rounds().current),
      kept: this.#kept,
      now,
      compress: (deploymentId, key, page) => this.#coder.want(deploymentId, key, page),
      refresh: (visit, made, shell) => this.#refresher.refresh(visit, made, shell),
      sender: new AssetSender({
        assets: options.assets,
        memory: this.#memory,
        memoryFileBytes: settings.memoryFileBytes,
        finished: (exchange) => this.#answers.finished(exchange),
        missing: (exchange) => problem(exchange, missingBlob(), ['retry-after', '5']),
      }),
      problem,
      redirect,
      toFunction: (visit) => this.#toFunction(visit),
      inParts: (visit, shell, postponed) => this.#inParts(visit, shell, postponed, (whole) => this.#toFunction(whole)),
    };
    this.#wireDeps = { ...this.#deps, toFunction: (visit) => this.#relay(visit), inParts: (visit, shell, postponed) => this.#inPartsOnWire(visit, shell, postponed) };
    this.#http = createNodeServer(settings);
    this.#http.on('request', (req, res) => this.#handle(req, res, false));
    this.#http.on('checkContinue', (req, res) => this.#handle(req, res, true));
    this.#http.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => problem(this.#exchange(req, res, false), expectationFailed()));
    this.#http.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
    this.#http.on('clientError', (error: Error & { code?: string }, socket) => refuseRaw(error.code, socket));
    this.#wire = new WireServer(settings, this.#http, (head, res) => this.#answer(head, res));
  }

  async listen({ host, port, reusePort = false, control }: EdgeListen): Promise<Readonly<{ port: number }>> {
    await new Promise<void>((resolve, reject) => {
      this.#wire.server.once('error', reject);
      this.#wire.server.listen({ host, port, reusePort, backlog: 4096 }, () => {
        this.#wire.server.removeListener('error', reject);
        resolve();
      });
    });
    if (control !== undefined) this.#control = await listenControl(control, { settled: (name, deployment) => this.#settled(name, deployment), status: () => this.#status() });
    const address = this.#wire.server.address();
    return { port: typeof address === 'object' && address !== null ? address.port : port };
  }

  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    // Right after the event loop has accepted all that waits: what waits when the socket closes is lost, unless the
    // kernel hands it to a sibling (net.ipv4.tcp_migrate_req).
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#wire.server.close();
    const lingerUntil = performance.now() + Math.min(this.#options.settings.lingerMs, deadlineMs);
    while (performance.now() < lingerUntil && (await connections(this.#wire.server)) > 0) await delay(10);
    this.#closeQuiet();
    const timer = new AbortController();
    await Promise.race([this.#answers.idle(), delay(Math.max(0, until - performance.now()), timer.signal)]);
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
    this.#refresher.close();
    this.#pools.close();
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
    this.#answers.begun();
    if (this.#closing !== undefined) res.shouldKeepAlive = false;
    const { ip, trusted } = this.#visitor(req);
    const named = trusted ? req.headers['x-request-id'] : undefined;
    const requestId = typeof named === 'string' && /^[A-Za-z0-9._-]{8,128}$/.test(named) ? named : randomUUID();
    return { req, res, requestId, startedAt: performance.now(), host: '', ip, trusted, target: undefined, deploymentId: undefined, cache: 'ERROR', bytes: 0, expectsContinue, done: false };
  }

  #handle(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const exchange = this.#exchange(req, res, expectsContinue);
    // Writing to a client that has just left is no error of ours; what ended early is seen by 'close'.
    res.on('error', ignore);
    this.#route(this.#deps, exchange);
  }

  #route<E extends Exchange>(deps: ServeDeps<E>, exchange: E): void {
    try {
      const located = locate(exchange, this.#routes);
      if (located.kind === 'problem') return this.#answers.problem(exchange, located.problem, located.close ? ['connection', 'close'] : []);
      if (located.kind === 'redirect') return this.#answers.redirect(exchange, 308, located.location, []);
      this.#visit(exchange, located.route, (visit) => serve(deps, visit));
    } catch {
      // A defect here costs one answer, not the worker.
      this.#answers.problem(exchange, internal());
    }
  }

  /** A plain request on a connection that the edge reads by itself. */
  #answer(head: Head, res: WireReply): void {
    this.#route(this.#wireDeps, this.#exchange(head, res, false));
  }

  /** Chooses the deployment and has its site at hand: without waiting when it is parsed already. */
  #visit<E extends Exchange>(exchange: E, route: HostRoute, then: (visit: Visit<E>) => void): void {
    const { target } = exchange;
    if (target === undefined) return;
    const chosen = this.#choose(route, target.query, exchange.req.headers);
    if (chosen instanceof Promise) return void chosen.then((known) => this.#open(exchange, route, known, then)).catch(() => this.#answers.problem(exchange, internal()));
    this.#open(exchange, route, chosen, then);
  }

  #choose(route: HostRoute, query: string, headers: RequestHead['headers']): Chosen | Promise<Chosen> {
    const named = deploymentNamed(query, headers);
    const chosen = chooseDeployment(route, named, this.#options.clock.now());
    return 'deploymentId' in chosen ? chosen : this.#sites.named(chosen, named ?? '').then((found) => found ?? route);
  }

  #open<E extends Exchange>(exchange: E, route: HostRoute, { deploymentId, artifact }: Chosen, then: (visit: Visit<E>) => void): void {
    const { target } = exchange;
    if (target === undefined) return;
    exchange.deploymentId = deploymentId;
    const site = this.#sites.get(artifact);
    if (site !== undefined) return then({ exchange, route, site, deploymentId, target });
    void this.#sites
      .load(artifact)
      .then((loaded) => {
        if (loaded.ok) return then({ exchange, route, site: loaded.value, deploymentId, target });
        // An old tab's deployment that was cleaned up: the current one is the better answer.
        if (artifact !== route.artifact) return this.#open(exchange, route, route, then);
        return this.#answers.problem(exchange, brokenArtifact(loaded.error), ['retry-after', '5']);
      })
      .catch(() => this.#answers.problem(exchange, internal()));
  }

  #toFunction(visit: Visit<NodeExchange>): void {
    const { exchange, site, deploymentId, target } = visit;
    void proxy(
      {
        pools: this.#pools,
        settings: this.#options.settings,
        problem: this.#answers.problem,
        finished: (done) => this.#answers.finished(done),
        keeper: (status, rawHeaders) => this.#keeper(visit, status, rawHeaders),
        serveFile: (_, path, status, headers) => serveInstead(this.#deps, visit, path, status, headers),
      },
      { exchange, deploymentId, ownId: site.web.framework.deploymentId, path: target.query === '' ? target.path : `${target.path}?${target.query}`, tokens: site.tokens },
    ).catch(() => this.#answers.problem(exchange, internal()));
  }

  #inParts<E extends Exchange>(visit: Visit<E>, shell: Asset, postponed: Part, toFunction: (visit: Visit<E>) => void): void {
    const { exchange, site, deploymentId, target } = visit;
    const path = target.query === '' ? target.path : `${target.path}?${target.query}`;
    void inParts(
      {
        pools: this.#pools,
        settings: this.#options.settings,
        bytesOf: (part) => this.#deps.sender.bytes(part),
        toFunction: () => toFunction(visit),
        finished: (done) => this.#answers.finished(done),
      },
      { exchange, deploymentId, path, tokens: site.tokens, shell, postponed },
    ).catch(() => this.#answers.problem(exchange, internal()));
  }

  /** Takes a function's answer along where others may have it. */
  #keeper(visit: Visit, status: number, rawHeaders: readonly string[]): Keeper | undefined {
    return keeperFor({ ...this.#deps, sawPartial: (made) => this.#refresher.refresh(visit, made, true) }, describe(visit), status, rawHeaders);
  }

  #inPartsOnWire(visit: Visit<WireExchange>, shell: Asset, postponed: Part): void {
    const { res } = visit.exchange;
    // Who only asks and does not wait for the answer can not be told from who has left.
    res.on('end', () => res.destroy());
    this.#inParts(visit, shell, postponed, (whole) => this.#relay(whole));
  }

  /** #toFunction for a plain request. */
  #relay(visit: Visit<WireExchange>): void {
    const { exchange, site, deploymentId, target } = visit;
    const deps: RelayDeps = {
      pools: this.#pools,
      settings: this.#options.settings,
      problem: this.#answers.problem,
      finished: (done) => this.#answers.finished(done),
      keeper: (status, rawHeaders) => this.#keeper(visit, status, rawHeaders),
      serveFile: (path, status, headers) => serveInstead(this.#wireDeps, visit, path, status, headers),
    };
    new Relay(deps, { exchange, deploymentId, path: target.query === '' ? target.path : `${target.path}?${target.query}`, tokens: site.tokens }).start();
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    req.socket.setTimeout(0);
    // Only its status is ever read: an upgrade has no response object.
    const res = Object.assign(Object.create(null) as ServerResponse, { statusCode: 101 });
    const exchange = this.#exchange(req, res, false);
    const { refuse } = this.#answers;
    this.#tunnels.add(socket);
    socket.once('close', () => this.#tunnels.delete(socket));
    this.#tunnel(exchange, socket, head).catch(() => refuse(exchange, socket, internal()));
  }

  async #tunnel(exchange: NodeExchange, socket: Duplex, head: Buffer): Promise<void> {
    const { refuse } = this.#answers;
    const { req } = exchange;
    const located = locate(exchange, this.#routes);
    if (located.kind === 'problem') return refuse(exchange, socket, located.problem);
    const { target } = exchange;
    if (located.kind === 'redirect' || target === undefined) return refuse(exchange, socket, notFound(req.url ?? ''));
    const { deploymentId, artifact } = await this.#choose(located.route, target.query, req.headers);
    exchange.deploymentId = deploymentId;
    const loaded = await this.#sites.load(artifact);
    if (!loaded.ok) return refuse(exchange, socket, brokenArtifact(loaded.error));
    if (!loaded.value.hasFunction) return refuse(exchange, socket, notFound(target.path));
    const path = target.query === '' ? target.path : `${target.path}?${target.query}`;
    const finished = (done: Exchange, status: number): void => this.#answers.finished(done, status);
    await upgrade({ pools: this.#pools, settings: this.#options.settings, refuse, finished }, { exchange, deploymentId, path, tokens: loaded.value.tokens }, socket, head);
  }

  async #settled(host: string, deployment: string): Promise<Readonly<{ settled: boolean; serves?: string; reason?: string }>> {
    this.#options.routes.refresh();
    const route = this.#routes.find(host);
    if (route === undefined) return { settled: false, reason: 'This host has no route.' };
    if (route.deploymentId !== deployment) return { settled: false, serves: route.deploymentId };
    const loaded = await this.#sites.load(route.artifact);
    return loaded.ok ? { settled: true, serves: route.deploymentId } : { settled: false, serves: route.deploymentId, reason: loaded.error.cause ?? loaded.error.message };
  }

  #status(): Readonly<Record<string, unknown>> {
    const { rss, heapUsed, external } = process.memoryUsage();
    return {
      pid: process.pid,
      uptimeSeconds: Math.round((performance.now() - this.#startedAt) / 1000),
      closing: this.#closing !== undefined,
      memory: { rss, heapUsed, external },
      requests: this.#answers.requests,
      inflight: this.#answers.inflight,
      results: this.#answers.counts,
      sites: this.#sites.count,
      pages: { count: this.#kept.count, bytes: this.#kept.bytes },
      files: { count: this.#memory.count, bytes: this.#memory.bytes },
      functions: this.#pools.status(),
    };
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
