import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type HttpResponse = Readonly<{ status: number; headers: IncomingHttpHeaders; body: string; bytes: Buffer }>;
export type RequestOptions = Readonly<{
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}>;

/** A real platform: the processes that `./up` starts, on ports and in a directory of their own. */
export type Platform = Readonly<{
  data: string;
  apiPort: number;
  edgePort: number;
  apiUrl: string;
  token: string;
  /** Returns the platform's output so far. */
  output(): string;
  pid(name: 'server' | 'host' | `edge-${number}` | 'up'): number | undefined;
  /** Sends SIGKILL and resolves when the supervisor has started a new process and it responds. */
  kill9(name: 'server' | 'host' | 'edge-0' | 'edge-1'): Promise<void>;
  /** Sends a request to a site through the edge, as a client would. */
  request(host: string, path?: string, options?: RequestOptions): Promise<HttpResponse>;
  /** A request to the API with the owner's token. */
  api<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: T }>;
  stop(): Promise<void>;
  /** Stops it and starts it again on the same data; with other flags if given, after `between` if given. */
  restart(change?: Readonly<{ flags?: readonly string[]; between?: () => Promise<void> }>): Promise<Platform>;
}>;

const UP = fileURLToPath(new URL('../apps/local/src/up.ts', import.meta.url));

export async function startPlatform(
  options: Readonly<{
    data?: string;
    flags?: readonly string[];
    keepData?: boolean;
    apiPort?: number;
    edgePort?: number;
  }> = {},
): Promise<Platform> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'anchor-test-')));
  const apiPort = options.apiPort ?? (await freePort());
  const edgePort = options.edgePort ?? (await freePort());
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      UP,
      '--data',
      data,
      '--api-port',
      String(apiPort),
      '--edge-port',
      String(edgePort),
      '--no-demo',
      ...(options.flags ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));

  const pids = (): Record<string, number> => {
    try {
      return JSON.parse(readFileSync(join(data, 'run', 'pids.json'), 'utf8')) as Record<string, number>;
    } catch {
      return {};
    }
  };
  await eventually(
    async () => {
      if (child.exitCode !== null) throw new Stop(`the platform ended: ${output}`);
      return output.includes('platform ready');
    },
    60_000,
    () => `the platform did not become ready:\n${output}`,
  ).catch(async (cause: unknown) => {
    child.kill('SIGTERM'); // or it would keep this test file from ending
    await exited;
    throw cause;
  });

  const platform: Platform = {
    data,
    apiPort,
    edgePort,
    apiUrl: `http://127.0.0.1:${apiPort}`,
    token: readFileSync(join(data, 'admin-token'), 'utf8').trim(),
    output: () => output,
    pid: (name) => (name === 'up' ? child.pid : pids()[name]),
    async kill9(name) {
      const before = pids()[name];
      if (before === undefined) throw new Error(`${name} does not run`);
      process.kill(before, 'SIGKILL');
      await eventually(
        () => {
          const now = pids()[name];
          return now !== undefined && now !== before;
        },
        20_000,
        () => `${name} did not come back:\n${output}`,
      );
      if (name === 'server')
        await eventually(
          async () => (await plain(apiPort, '127.0.0.1', '/api/health')).status === 200,
          30_000,
          () => `the API did not come back:\n${output}`,
        );
      if (name === 'host')
        await eventually(
          () => existsSync(join(data, 'run', 'host.sock')),
          30_000,
          () => `the host did not come back:\n${output}`,
        );
    },
    request: (host, path = '/', request = {}) => plain(edgePort, host, path, request),
    async api<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await plain(apiPort, '127.0.0.1', path, {
        method,
        headers: {
          authorization: `Bearer ${platform.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (response.body === '' ? undefined : JSON.parse(response.body)) as T };
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
      if (options.keepData !== true) await rm(data, { recursive: true, force: true });
    },
    async restart({ flags, between } = {}) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
      await between?.();
      return startPlatform({ ...options, data, apiPort, edgePort, ...(flags === undefined ? {} : { flags }) });
    },
  };
  return platform;
}

class Stop extends Error {}

/** Polls until it is true; fails with the text of `otherwise` after the deadline. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  ms: number,
  otherwise: () => string,
): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    try {
      if (await check()) return;
    } catch (error) {
      if (error instanceof Stop) throw error;
    }
    if (performance.now() > deadline) throw new Error(otherwise());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One request on a connection of its own; `*.localhost` need not resolve. */
export function plain(
  port: number,
  host: string,
  path: string,
  { method = 'GET', headers = {}, body }: RequestOptions = {},
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        headers: {
          host: host === '127.0.0.1' ? `127.0.0.1:${port}` : `${host}:${port}`,
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString('utf8'), bytes });
        });
        response.once('error', reject);
      },
    );
    request.once('error', reject);
    request.setTimeout(120_000, () => request.destroy(new Error(`no response to ${method} ${host}${path}`)));
    request.end(body);
  });
}

/** Below the ports that Linux gives to connections and to servers that leave the choice to it (32768 to 60999). */
const [FIRST_PORT, PORTS] = [10_000, 22_000];

/**
 * Returns a free port that no other process takes by chance before it is used, nor while a platform restarts: other
 * test files run at the same time.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const port = FIRST_PORT + randomInt(PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
