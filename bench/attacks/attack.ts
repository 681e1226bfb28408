import { connect, type Socket } from 'node:net';
import { createProject } from '../../e2e/helpers.ts';
import { type Platform } from '../../e2e/platform.ts';
import { createRepository, nodeServer } from '../../e2e/repository.ts';

/** An action of one tenant, or of one of their clients, against the machine. */
export type Attack = Readonly<{
  id: string;
  what: string;
  /** Deploys its applications. The result starts the attack, which continues until `stop` resolves. */
  prepare(platform: Platform): Promise<() => Promise<Stop>>;
}>;
export type Stop = () => Promise<void>;

/** Deploys the files as a project of this name and returns its production host; throws when the deployment fails. */
export async function deploy(
  platform: Platform,
  project: string,
  files: Readonly<Record<string, string>>,
  from?: string,
): Promise<string> {
  if ((await platform.api('GET', `/api/projects/${project}`)).status !== 200) await createProject(platform, project);
  const repository = await createRepository(from);
  try {
    await repository.commit(files);
    const { output } = await repository.push(platform, project);
    if (!output.includes('Live at')) throw new Error(`${project}: ${output}`);
    return `${project}.localhost`;
  } finally {
    await repository.remove();
  }
}

/** Deploys a Node server whose `/go` runs `work` until the `seconds` of its query are over, as fast as it can. */
export const deployWorker = (platform: Platform, project: string, setup: string, work: string): Promise<string> =>
  deploy(
    platform,
    project,
    nodeServer(`
  const url = new URL(req.url, 'http://x');
  if (url.pathname !== '/go') return void res.end('ok');
  const until = Date.now() + 1000 * Number(url.searchParams.get('seconds'));
  res.end('started');
  ${setup}
  (function turn() {
    if (Date.now() > until) return;
    try { ${work} } catch (error) { globalThis.last = error.code; }
    setImmediate(turn);
  })();`),
  );

/** Starts `/go` of a worker for at most 60 seconds; stopping ends its processes with its deployment. */
export const startWorker =
  (platform: Platform, host: string, requests = 1) =>
  async (): Promise<Stop> => {
    await Promise.all(Array.from({ length: requests }, () => platform.request(host, '/go?seconds=60')));
    return () => end(platform, host.split('.')[0] ?? '');
  };

/** Removes a project with everything that it runs. */
export async function end(platform: Platform, project: string): Promise<void> {
  const removed = await platform.api('DELETE', `/api/projects/${project}`);
  if (removed.status >= 300) throw new Error(`${project} was not removed: ${JSON.stringify(removed.body)}`);
}

/** Repeats `request` on `connections` at once until it is stopped; what fails does not matter to an attacker. */
export async function flood(connections: number, request: (i: number) => Promise<unknown>): Promise<Stop> {
  const stopping = new AbortController();
  let i = 0;
  const loops = Array.from({ length: connections }, async () => {
    while (!stopping.signal.aborted) await request(i++).catch(() => new Promise((resolve) => setTimeout(resolve, 50)));
  });
  return async () => {
    stopping.abort();
    await Promise.race([Promise.all(loops), new Promise((resolve) => setTimeout(resolve, 5_000))]);
  };
}

/** Opens a client that sends bytes and never reads the response. */
export function deafClient(port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(bytes);
  return socket;
}
