import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { RequestMetrics } from '@anchor/core/metrics/request-metrics.ts';
import type { PlatformOperations } from '@anchor/core/ports/platform-operations.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { Recovery } from '@anchor/core/records/recovery.ts';
import { recordHandlers } from '@anchor/core/records/redrive.ts';
import { anchorError, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { apiApp } from './api/app.ts';
import { checkHost } from './api/host.ts';
import type { ServerContext } from './context.ts';
import type { CreateGitRemote, GitRemote } from './git-remote.ts';
import { respondProblem } from './http/respond.ts';
import { AttemptLimit } from '@anchor/core/sessions/attempt-limit.ts';
import { SessionCookie } from './http/session-cookie.ts';
import { apiAccess, type AccessLine } from './http/access.ts';
import { ProxiedListener } from './http/proxied-listener.ts';
import { createRateLimits } from './http/rate-limits.ts';
import type { ServerLog } from './http/log.ts';
import { announcesTooMuch } from './http/raw-body.ts';
import type { ServerSettings } from './settings.ts';
import { deployHook } from './webhooks/deploy-hook.ts';
import { webhooks } from './webhooks/webhooks.ts';

export type AnchorServer = Readonly<{
  /** Returns the address it listens on, once it does. */
  address(): Readonly<{ host: string; port: number }> | undefined;
  listen(options: Readonly<{ host: string; port: number }>): Promise<Result<Readonly<{ host: string; port: number }>>>;
  /** Listens on a unix socket, too, for connections with a PROXY header in front, see proxied-listener.ts. */
  listenProxied(path: string): Promise<Result<void>>;
  /**
   * Completes what a crash left unfinished. Call `restart` before `listen`, then `pushes`, and `run` from time to time.
   */
  recovery: Recovery;
  /** Takes no new connections, ends the streams, lets requests finish for `graceMs`, then cuts what is left. */
  close(graceMs?: number): Promise<void>;
}>;

const GRACE_MS = 10_000;
/** A push or an upload over a slow line may take long; a header may not. */
const REQUEST_MS = 60 * 60_000;
const HEADERS_MS = 30_000;

/** Creates the control plane's HTTP side: API, webhooks, deploy hooks and the git remote on one port. */
export function createServer({
  access = () => undefined,
  git: createGitRemote,
  ...options
}: Readonly<{
  ports: Ports;
  operations: PlatformOperations;
  metrics: RequestMetrics;
  git?: CreateGitRemote;
  settings: ServerSettings;
  log: ServerLog;
  access?: (line: AccessLine) => void;
}>): AnchorServer {
  const closing = new AbortController();
  const now = (): number => options.ports.clock.now();
  const server: ServerContext = {
    ...options,
    records: new Map(),
    startedAt: now(),
    closing: closing.signal,
    rateLimits: createRateLimits(options.settings.limits, now),
    access: apiAccess(access, now),
    accounts: new AttemptLimit(options.settings.limits.wrongPasswords, options.settings.limits.lockedMs, now),
    cookie: new SessionCookie(options.settings.platformId, () => options.settings.publicUrl),
  };
  const git = createGitRemote?.(server);
  const handlers = { ...recordHandlers(options.ports, git?.pushes), ...options.operations.records };
  for (const [kind, handler] of Object.entries(handlers)) server.records.set(kind, handler);
  const http = createHttpServer(
    { requestTimeout: REQUEST_MS, headersTimeout: HEADERS_MS, keepAliveTimeout: 30_000 },
    dispatcher(server, git),
  );
  // A client that sends `Expect: 100-continue` learns of a refused size without sending the body.
  http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (
      !announcesTooMuch(request, options.settings.limits.webhookBytes) ||
      !(request.url ?? '').startsWith('/webhooks/')
    )
      response.writeContinue();
    http.emit('request', request, response);
  });
  // Such as no free file handles for one more connection: the others continue.
  http.on('error', (error) =>
    options.log({ level: 'error', message: 'the server had an error', error: error.stack ?? error.message }),
  );
  const proxied = new ProxiedListener(http);
  return {
    address: () => addressOf(http),
    listenProxied: (path) => proxied.listen(path),
    recovery: new Recovery(options.ports, git?.pushes, (message) => options.log({ level: 'error', message })),
    listen: (address) => listen(http, address),
    close: (graceMs = GRACE_MS) => {
      proxied.close();
      const closed = close(http, graceMs);
      closing.abort();
      return closed;
    },
  };
}

type Address = Readonly<{ host: string; port: number }>;

function listen(http: Server, { host, port }: Address): Promise<Result<Address>> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resolve(
        fail(
          'internal',
          `The server cannot listen on ${host}:${port}`,
          'Free the port, or choose another one.',
          error.code ?? error.message,
        ),
      );
    http.once('error', failed);
    http.listen(port, host, 4_096, () => {
      http.off('error', failed);
      resolve(ok(addressOf(http) ?? { host, port }));
    });
  });
}

function close(http: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => http.closeAllConnections(), graceMs);
    // A connection whose last response ends during the grace time would otherwise idle until its keep-alive runs out.
    const idle = setInterval(() => http.closeIdleConnections(), 50);
    http.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
  });
}

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Webhooks and git work on the raw request, in front of the API's framework. */
function dispatcher(server: ServerContext, git: GitRemote | undefined): Listener {
  const hooks = webhooks(server);
  const hook = deployHook(server);
  const api = getRequestListener(apiApp(server).fetch);
  const guarded =
    (listener: Listener) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      void Promise.resolve(listener(request, response)).catch((error: unknown) =>
        failed(server, request, response, error),
      );
    };
  const routes: readonly (readonly [prefix: string, listener: Listener])[] = [
    ['/webhooks/', guarded(hooks)],
    ['/hooks/', guarded(hook)],
    ...(git === undefined ? [] : [['/git/', guarded(git.handle)] as const]),
  ];
  const rest: Listener = (request, response) => {
    void api(request, response);
  };
  return (request, response) => {
    server.access.begin(request, response);
    // On every path: a page whose name points at this machine (DNS rebinding) reaches none of it.
    const named = checkHost(request.headers.host, server.settings.hosts);
    if (!named.ok) return respondProblem(request, response, named.error, randomUUID());
    // Where scrapers look by default.
    if (request.url === '/metrics') request.url = '/api/metrics/prometheus';
    const url = request.url ?? '/';
    const listener = routes.find(([prefix]) => url.startsWith(prefix))?.[1] ?? rest;
    return listener(request, response);
  };
}

function failed(server: ServerContext, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const requestId = randomUUID();
  // Not the address: a deploy hook's holds its secret.
  server.log({
    level: 'error',
    message: 'a request failed',
    requestId,
    method: request.method,
    error: error instanceof Error ? error.stack : String(error),
  });
  if (response.headersSent) response.destroy();
  else
    respondProblem(
      request,
      response,
      anchorError(
        'internal',
        'Internal error of the platform',
        `Retry; if it fails again, search the server log for ${requestId}.`,
      ),
      requestId,
    );
}

function addressOf(http: Server): Address | undefined {
  const address = http.address();
  return typeof address === 'object' && address !== null ? { host: address.address, port: address.port } : undefined;
}
