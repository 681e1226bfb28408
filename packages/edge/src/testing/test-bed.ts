import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type RequestListener, type Server } from 'node:http';
import { request as requestSecure } from 'node:https';
import { connect } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import { http2Request } from './http2-request.ts';
import { TEST_SERVER_NAME, testProtocol, type Reply, type RequestOptions } from './test-request.ts';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@anchor/core/artifact/manifest.ts';
import type { WebComponent } from '@anchor/protocol/artifact/web/component.ts';
import type { Prerender, StaticFile } from '@anchor/protocol/artifact/web/files.ts';
import type { DeploymentId, ProjectId } from '@anchor/core/names/id.ts';
import type { HostName } from '@anchor/core/names/name.ts';
import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import { TestCertificates } from './test-certificates.ts';
import { createEdge, type Edge } from '../server/edge.ts';
import type { EdgeOptions } from '../server/edge-options.ts';
import type { AccessEntry } from '../observability/access-log.ts';
import { DEFAULT_EDGE_SETTINGS, type EdgeSettings } from '../util/settings.ts';
import { TestRoutes } from './test-routes.ts';
import { TestFunctions } from './test-functions.ts';

export const dpl = (n: number): DeploymentId => `dpl_${String(n).padStart(20, '0')}`;

/**
 * Runs a real edge worker on real sockets and files, for tests. Routes and function host are in memory, functions are
 * real HTTP servers on unix sockets.
 */
export class TestBed {
  readonly directory = mkdtempSync(join(tmpdir(), 'anchor-test-edge-'));
  readonly routes = new TestRoutes();
  /** The content of `routes` after the next refresh. */
  readonly coming = new Map<string, HostRoute>();
  readonly log: AccessEntry[] = [];
  readonly notes: Readonly<{ deploymentId: string; requestId: string; text: string }>[] = [];
  readonly functions = new TestFunctions();
  readonly certificates = new TestCertificates();
  readonly #servers: Server[] = [];
  readonly edge: Edge;
  port = 0;
  httpsPort = 0;
  /** Names of the one certificate of behaviour tests over TLS: grows with the hosts, also for open connections. */
  readonly #coveredNames = [TEST_SERVER_NAME, '*.localhost'];
  refreshes = 0;
  /** By how much the worker's clock is ahead of the real one. */
  clockOffsetMs = 0;
  #control = '';
  readonly #http2: boolean;
  /** The first ones are named by the tests themselves. */
  #deployments = 10;

  constructor({
    timeoutMs = 60_000,
    tunnels,
    ...settings
  }: Partial<EdgeSettings> & Pick<EdgeOptions, 'tunnels'> & { timeoutMs?: number } = {}) {
    this.functions.timeoutMs = timeoutMs;
    // Where node:http reads all connections, HTTP/2 is served after TLS only.
    this.#http2 = testProtocol.http2 && settings.http1FastPath !== false;
    this.edge = createEdge({
      routes: {
        lookup: (host) => this.routes.get(host),
        generation: () => this.routes.generation,
        refresh: () => {
          this.refreshes++;
          for (const [host, route] of this.coming) this.routes.set(host, route);
        },
        close: () => undefined,
      },
      functions: this.functions,
      assets: { open: (hash) => ({ path: join(this.directory, hash) }) },
      settings: {
        ...DEFAULT_EDGE_SETTINGS,
        shutdownLingerMs: 50,
        http2PriorKnowledge: testProtocol.http2,
        ...(settings.idleMs === undefined ? {} : { silentMs: settings.idleMs }),
        ...settings,
      },
      certificates: this.certificates,
      ...(tunnels === undefined ? {} : { tunnels }),
      clock: { now: () => Date.now() + this.clockOffsetMs },
      tagLog: (id) => join(this.directory, `${id}.tags`),
      accessLog: (entry) => this.log.push(entry),
      siteLog: (deploymentId, requestId, _level, text) => this.notes.push({ deploymentId, requestId, text }),
    });
  }

  async start(control?: string): Promise<this> {
    this.#control = control ?? '';
    const ports = await this.edge.listen({
      host: '127.0.0.1',
      port: 0,
      httpsPort: 0,
      ...(control === undefined ? {} : { control }),
    });
    this.port = ports.port;
    this.httpsPort = ports.httpsPort ?? 0;
    if (testProtocol.tls !== undefined) this.certificates.serve(this.#coveredNames, testProtocol.tls);
    return this;
  }

  /** Returns the worker's own status; it was started with `control`. */
  status<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const requests = request({ socketPath: this.#control, path: '/status', agent: false }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk: string) => {
            text += chunk;
          })
          .on('end', () => resolve(JSON.parse(text) as T));
      });
      requests.on('error', reject).end();
    });
  }

  async stop(): Promise<void> {
    await this.edge.close(200);
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  put(content: string | Buffer): { blob: string; size: number } {
    const blob = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(this.directory, blob), content);
    return { blob, size: Buffer.byteLength(content) };
  }

  file(content: string | Buffer, extra: Partial<StaticFile> = {}): StaticFile {
    return { ...this.put(content), type: 'text/html; charset=utf-8', ...extra };
  }

  page(content: string, extra: Partial<Prerender> = {}): Prerender {
    return {
      ...this.put(content),
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', vary: 'rsc' },
      revalidate: false,
      tags: [],
      group: 1,
      bypass: [],
      ...extra,
    };
  }

  /** Stores a manifest; with `function` true the site has one. */
  artifact(web: Partial<Omit<WebComponent, 'function'>> & { function?: boolean | 'server' }): string {
    const { function: withFunction, ...rest } = web;
    const component: WebComponent = {
      kind: 'web',
      framework: { name: 'nextjs' },
      basePath: '',
      trailingSlash: false,
      files: {},
      prerenders: {},
      ...rest,
      ...(withFunction !== undefined && withFunction !== false
        ? {
            function: {
              kind: withFunction === true ? ('next' as const) : withFunction,
              tree: '0'.repeat(64),
              cwd: '',
              entry: '.anchor/function.json',
              node: '24.0.0',
            },
          }
        : {}),
    };
    const manifest: Manifest = { version: 1, components: { web: component } };
    return this.put(JSON.stringify(manifest)).blob;
  }

  route(host: string, deploymentId: DeploymentId, artifact: string, previous: HostRoute['previous'] = []): void {
    this.routes.set(host, this.routeOf(host, deploymentId, artifact, previous));
    this.#coveredNames.push(host);
  }
  routeOf(host: string, deploymentId: DeploymentId, artifact: string, previous: HostRoute['previous'] = []): HostRoute {
    return {
      host: host as HostName,
      projectId: 'prj_00000000000000000001' as ProjectId,
      deploymentId,
      artifact,
      previous,
    };
  }

  /** Creates a site at app.localhost in one call. */
  site(web: Parameters<TestBed['artifact']>[0]): void {
    this.route('app.localhost', dpl(1), this.artifact(web));
  }

  /** Creates a deployment at its own host, with its function's listener. */
  async deployment(listener: RequestListener): Promise<Readonly<{ host: string; id: DeploymentId; server: Server }>> {
    const id = dpl(this.#deployments++);
    const host = `${id.slice(4)}.localhost`;
    this.route(host, id, this.artifact({ function: true }));
    return { host, id, server: await this.serve(id, listener) };
  }

  /** Starts a function: a real server on a unix socket, which the host returns for the deployment from now on. */
  async serve(deploymentId: DeploymentId, listener: RequestListener): Promise<Server> {
    const server = createServer({ maxHeaderSize: 128 * 1024 }, listener); // as functions are started
    const path = join(this.directory, `fn-${this.#servers.length}.sock`);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    this.functions.name(deploymentId, { kind: 'unix', path, instance: `i${this.#servers.length}` });
    return server;
  }

  /** Where requests go. */
  get #target() {
    const host = '127.0.0.1';
    return this.#isSecure
      ? { host, port: this.httpsPort, servername: TEST_SERVER_NAME, rejectUnauthorized: false }
      : { host, port: this.port };
  }

  get #isSecure(): boolean {
    return testProtocol.tls !== undefined && this.httpsPort !== 0;
  }

  get(path: string, options: RequestOptions = {}): Promise<Reply> {
    if (this.#http2) return http2Request(this.port, path, options);
    return new Promise((resolve, reject) => {
      const information: number[] = [];
      const send = this.#isSecure ? requestSecure : request;
      const outgoing = send({
        ...this.#target,
        path,
        method: options.method ?? 'GET',
        agent: false,
        headers: { host: options.host ?? 'app.localhost', ...options.headers },
      });
      outgoing.on('information', (info) => information.push(info.statusCode));
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body,
            text: body.toString(),
            trailers: response.trailers,
            information,
          });
        });
      });
      outgoing.end(options.body);
    });
  }

  /**
   * Writes bytes to the public port and resolves with all that comes back until the connection ends (or `until`
   * matches).
   */
  raw(
    bytes: string | Buffer,
    options: Readonly<{ until?: RegExp; half?: boolean; ms?: number }> = {},
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = this.#isSecure ? connectSecure(this.#target) : connect(this.#target);
      let got = '';
      const timer = setTimeout(() => {
        socket.destroy();
        reject(new Error(`nothing decided after ${options.ms ?? 5000} ms: ${JSON.stringify(got.slice(0, 200))}`));
      }, options.ms ?? 5000);
      const done = (): void => {
        clearTimeout(timer);
        socket.destroy();
        resolve(got);
      };
      socket.on(this.#isSecure ? 'secureConnect' : 'connect', () => {
        socket.write(bytes);
        if (options.half === true) socket.end();
      });
      socket.on('data', (chunk) => {
        got += chunk.toString('latin1');
        if (options.until?.test(got) === true) done();
      });
      socket.on('close', done);
      socket.on('error', done);
    });
  }
}

/** Waits for something to become true; fails after 5 s. */
export async function eventually(what: () => boolean): Promise<void> {
  const until = Date.now() + 5000;
  while (!what()) {
    if (Date.now() > until) throw new Error('it did not become true within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
