import { createServer, type Server } from 'node:http';
import { chmod, rm } from 'node:fs/promises';

export type ControlAnswers = Readonly<{
  /** Whether this worker serves that deployment for the host now, after looking at the newest routes. */
  settled(host: string, deployment: string): Promise<Readonly<{ settled: boolean; serves?: string; reason?: string }>>;
  status(): Readonly<Record<string, unknown>>;
}>;

/** The worker's own socket, for the platform alone: `GET /settled?host=&deployment=` and `GET /status`. Resolves when it listens. */
export async function listenControl(path: string, answers: ControlAnswers): Promise<Server> {
  const server = createServer((req, res) => {
    const url = URL.parse(req.url ?? '/', 'http://edge');
    const send = (status: number, body: unknown): void => {
      res.writeHead(status, { 'content-type': 'application/json' });
      res.end(JSON.stringify(body));
    };
    if (req.method !== 'GET' || url === null) return send(404, { error: 'not found' });
    if (url.pathname === '/status') return send(200, answers.status());
    if (url.pathname !== '/settled') return send(404, { error: 'not found' });
    return void answers.settled(url.searchParams.get('host') ?? '', url.searchParams.get('deployment') ?? '').then(
      (answer) => send(200, answer),
      () => send(500, { error: 'internal' }),
    );
  });
  // What a worker that was killed left behind would refuse the new one.
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}
