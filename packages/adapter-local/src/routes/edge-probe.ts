import { request } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { EdgeProbe } from '@anchor/core/ports/edge-probe.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

export type EdgeProbeOptions = Readonly<{
  /** The public listener, as clients reach it. */
  host: string;
  port: number;
  /** The listener for HTTPS, where there is one. */
  httpsPort?: number;
  /** Returns the control sockets of the workers that should be running now; read again for each probe. */
  controlSockets(): readonly string[];
}>;

const BODY_BYTES = 4096;
const LOOK_AGAIN_MS = 10;

type Reply = Readonly<{ status: number; body: string; location?: string | undefined }>;
type Serving = 'yes' | 'no' | 'absent';

/**
 * Probes the edge of this machine: through its public port like a client, and each worker through its control socket.
 */
export function localEdgeProbe(options: EdgeProbeOptions): EdgeProbe {
  const { port, controlSockets } = options;
  return {
    async request(name, path, timeoutMs) {
      try {
        const { status, body } = await requestAt(options, name, path, timeoutMs);
        return ok({ status, body });
      } catch (error) {
        return fail(
          'verification_failed',
          `http://${name}:${port}${path} did not respond within ${Math.round(timeoutMs / 100) / 10} s`,
          'Read the deployment\'s runtime log (anchor logs --run); "anchor doctor" shows whether the edge is running.',
          reason(error),
        );
      }
    },
    async waitUntilServing(name, deploymentId, timeoutMs) {
      const until = Date.now() + timeoutMs;
      for (;;) {
        const states = await Promise.all(
          controlSockets().map((socket) => servingAt(socket, name, deploymentId, Math.max(50, until - Date.now()))),
        );
        // A worker that is not running serves nothing old, and reads the newest routes when it starts.
        if (states.includes('yes') && !states.includes('no')) return ok(undefined);
        if (Date.now() >= until) {
          const behind = states.filter((state) => state === 'no').length;
          return fail(
            'verification_failed',
            states.every((state) => state === 'absent')
              ? 'No edge worker is running.'
              : `${behind} of ${states.length} edge workers do not serve ${deploymentId} at ${name} yet.`,
            'Restart the edge; "anchor doctor" shows its state.',
          );
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      }
    },
  };
}

/**
 * Requests a path by plain HTTP, and by HTTPS where the edge redirects the host to it: not the site, and not another
 * host or path, decides so. The certificate is not checked, because the connection never leaves this machine.
 */
async function requestAt(
  { host, port, httpsPort }: EdgeProbeOptions,
  name: string,
  path: string,
  timeoutMs: number,
): Promise<Reply> {
  const until = Date.now() + timeoutMs;
  const headers = { 'user-agent': 'anchor-verify', accept: 'text/html,*/*' };
  const plain = await send({ host, port, path, headers: { ...headers, host: `${name}:${port}` } }, timeoutMs);
  if (httpsPort === undefined || plain.status !== 308) return plain;
  const authority = httpsPort === 443 ? name : `${name}:${httpsPort}`;
  if (plain.location !== `https://${authority}${path}`) return plain;
  const secure = { host, port: httpsPort, path, servername: name, headers: { ...headers, host: authority } };
  return send(secure, Math.max(1, until - Date.now()));
}

async function servingAt(socketPath: string, name: string, deploymentId: string, timeoutMs: number): Promise<Serving> {
  try {
    const query = new URLSearchParams({ host: name, deployment: deploymentId });
    let response = await send({ socketPath, path: `/serving?${query}` }, timeoutMs);
    // A worker of the release before has the endpoint's former name, and its field.
    if (response.status === 404) response = await send({ socketPath, path: `/settled?${query}` }, timeoutMs);
    if (response.status !== 200) return 'no';
    const state: unknown = JSON.parse(response.body);
    const serving =
      typeof state === 'object' &&
      state !== null &&
      (('serving' in state && state.serving) || ('settled' in state && state.settled));
    return serving === true ? 'yes' : 'no';
  } catch (error) {
    return isAbsent(error) ? 'absent' : 'no';
  }
}

function send(
  target: Readonly<{
    host?: string;
    port?: number;
    socketPath?: string;
    path: string;
    /** By HTTPS, with this name in the handshake. */
    servername?: string;
    headers?: Readonly<Record<string, string>>;
  }>,
  timeoutMs: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { headers, ...where } = target;
    const options = { ...where, method: 'GET', agent: false, headers: { ...headers, connection: 'close' } };
    const outgoing =
      where.servername === undefined ? request(options) : requestSecure({ ...options, rejectUnauthorized: false });
    const timer = setTimeout(() => outgoing.destroy(new Error('timed out')), timeoutMs);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    outgoing.on('error', (error) => settle(() => reject(error)));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (): void =>
        settle(() =>
          resolve({
            status: incoming.statusCode ?? 0,
            body: Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8'),
            location: incoming.headers.location,
          }),
        );
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size < BODY_BYTES) return;
        done();
        outgoing.destroy();
      });
      incoming.on('end', done);
      incoming.on('error', (error) => settle(() => reject(error)));
    });
    outgoing.end();
  });
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED';
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
