import { createServer, type Server } from 'node:http';
import { chmod, rm } from 'node:fs/promises';

/** `serves`: the deployment that the host's route names; `reason`: why it cannot be served. */
export type ServingState = Readonly<{ serving: boolean; serves?: string; reason?: string }>;

export type ControlHandlers = Readonly<{
  /** Returns whether this worker serves that deployment for the host now, after reading the newest routes. */
  isServing(host: string, deployment: string): Promise<ServingState>;
  /** Reads the published certificates and domains now. */
  refreshCertificates(): void;
  status(): Readonly<Record<string, unknown>>;
  /** Returns the counts of requests after a second of the clock, which is a position of `instance`. */
  metrics(after: number, instance: string | undefined): unknown;
}>;

/**
 * Opens the worker's control socket, for the platform alone: `GET /serving?host=&deployment=`, `GET /status`,
 * `GET /metrics?after=&instance=` (see RequestMetrics),
 * and `POST /certificates`, after which every new handshake and request sees what was published.
 * Resolves when it listens. `GET /settled` is the former name of `/serving`, for one release.
 */
export async function listenControl(path: string, handlers: ControlHandlers): Promise<Server> {
  const server = createServer((req, res) => {
    const url = URL.parse(req.url ?? '/', 'http://edge');
    const send = (status: number, body: unknown): void => {
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(JSON.stringify(body));
    };
    if (req.method === 'POST' && url?.pathname === '/certificates') {
      handlers.refreshCertificates();
      return send(200, {});
    }
    if (req.method !== 'GET' || url === null) return send(404, { error: 'not found' });
    if (url.pathname === '/status') return send(200, handlers.status());
    if (url.pathname === '/metrics') {
      const { searchParams } = url;
      return send(200, handlers.metrics(Number(searchParams.get('after')), searchParams.get('instance') ?? undefined));
    }
    if (url.pathname !== '/serving' && url.pathname !== '/settled') return send(404, { error: 'not found' });
    return void handlers.isServing(url.searchParams.get('host') ?? '', url.searchParams.get('deployment') ?? '').then(
      (state) => send(200, url.pathname === '/serving' ? state : { ...state, settled: state.serving }),
      () => send(500, { error: 'internal' }),
    );
  });
  // The socket of a worker that was killed would refuse the new one.
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}
