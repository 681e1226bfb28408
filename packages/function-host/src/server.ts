import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { anchorError, err, fail, ok, type Result } from '@anchor/core/result/result.ts';
import { FUNCTION_CONTROL } from '@anchor/protocol/function-control.ts';
import type { z } from 'zod';
import { MinInstances } from './min-instances.ts';
import { SandboxedInstanceFactory, type InstanceFactoryPorts } from './instance-factory.ts';
import { FunctionScheduler } from './function-scheduler.ts';
import { acquireRequest, noteRequest, prepareRequest, stopRequest, touchRequest } from './protocol.ts';
import { cleanSockets } from './socket-directory.ts';

export type FunctionHostServer = Readonly<{
  pool: FunctionScheduler;
  /** Stops listening, drains every function, removes the socket. */
  close(): Promise<void>;
}>;

/** Network namespaces made ahead of time, for functions without an empty sandbox of their own. */
const WARM_NETWORKS = 2;
const MAX_BODY = 1024 * 1024;

/**
 * Starts the host process: listens on the control socket and runs functions. Refuses with `conflict` when another host
 * of this data directory is alive. What a dead one left (sandboxes, sockets, half-written trees) is removed first.
 */
export async function createFunctionHostServer(ports: InstanceFactoryPorts): Promise<Result<FunctionHostServer>> {
  const { hostSocket, trees } = ports.paths;
  await mkdir(dirname(hostSocket), { recursive: true, mode: 0o700 });
  if (await accepts(hostSocket))
    return fail(
      'conflict',
      'Another function host uses this data directory',
      'Stop it first, or choose another --data.',
      hostSocket,
    );
  const clean = await cleanSockets(ports.paths);
  if (!clean.ok) return clean;
  for (const name of await readdir(trees).catch(() => []))
    if (name.startsWith('.')) await rm(join(trees, name), { recursive: true, force: true });
  // Not awaited: the first function may start before, a little slower.
  void ports.sandboxes.warm?.(WARM_NETWORKS);
  const pool = new FunctionScheduler({
    factory: new SandboxedInstanceFactory(ports),
    clock: ports.clock,
    settings: ports.settings,
  });
  const minInstances = new MinInstances({ ...ports, pool });
  const server = createServer((request, response) => void serve(pool, ports, request, response));
  server.keepAliveTimeout = 0; // edges keep their connections for as long as they live
  server.requestTimeout = 0;
  await rm(hostSocket, { force: true });
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(hostSocket, resolve));
    await chmod(hostSocket, 0o600);
  } catch (cause) {
    return err(
      anchorError(
        'internal',
        'The function host cannot listen',
        'Check the permissions of the data directory.',
        cause instanceof Error ? cause.message : String(cause),
      ),
    );
  }
  minInstances.start();
  return ok({
    pool,
    async close() {
      minInstances.stop();
      server.close();
      server.closeIdleConnections();
      await pool.close();
      server.closeAllConnections();
      await rm(hostSocket, { force: true });
    },
  });
}

async function serve(
  pool: FunctionScheduler,
  ports: Pick<InstanceFactoryPorts, 'clock' | 'logs'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let result: Result<unknown>;
  try {
    result = await route(pool, ports, request);
  } catch (cause) {
    result = fail(
      'internal',
      'The function host failed',
      'Retry; if it fails again, report it.',
      cause instanceof Error ? cause.message : String(cause),
    );
  }
  const body = JSON.stringify(result.ok ? { ok: true, value: result.value ?? null } : result);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}

async function route(
  pool: FunctionScheduler,
  { clock, logs }: Pick<InstanceFactoryPorts, 'clock' | 'logs'>,
  request: IncomingMessage,
): Promise<Result<unknown>> {
  const what = `${request.method} ${request.url}`;
  if (what === FUNCTION_CONTROL.status) return ok(await pool.status());
  switch (what) {
    case FUNCTION_CONTROL.acquire:
      return withBody(request, acquireRequest, ({ caller, deploymentId }) => pool.acquire(caller, deploymentId));
    case FUNCTION_CONTROL.touch:
      return withBody(request, touchRequest, async ({ caller, use }) =>
        ok(pool.touch(caller, new Map(use.map(({ deploymentId, inflight }) => [deploymentId, inflight])))),
      );
    case FUNCTION_CONTROL.stop:
      return withBody(request, stopRequest, async ({ deploymentId }) => ok(await pool.stop(deploymentId)));
    case FUNCTION_CONTROL.prepare:
      return withBody(request, prepareRequest, ({ deploymentId }) => pool.prepare(deploymentId));
    case FUNCTION_CONTROL.note:
      return withBody(request, noteRequest, async ({ deploymentId, requestId, level, text }) =>
        ok(await logs.append('run', deploymentId, [{ at: clock.now(), level, text: `anchor: ${text}`, requestId }])),
      );
    default:
      return fail(
        'not_found',
        `The function host has no ${what.slice(0, 80)}`,
        `Use ${Object.values(FUNCTION_CONTROL).join(', ')}.`,
      );
  }
}

async function withBody<T extends z.ZodType>(
  request: IncomingMessage,
  schema: T,
  use: (body: z.output<T>) => Promise<Result<unknown>>,
): Promise<Result<unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY) return fail('too_large', 'The message is too large', 'Send at most 1 MiB.');
  }
  let json: unknown;
  try {
    json = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return fail('malformed_body', 'The message is not JSON', 'Send a JSON object.');
  }
  const body = schema.safeParse(json);
  return body.success
    ? use(body.data)
    : fail(
        'invalid_input',
        'Invalid request body',
        'See packages/function-host/src/protocol.ts.',
        body.error.issues[0]?.message,
      );
}

const accepts = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
