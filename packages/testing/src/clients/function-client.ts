import { Agent, request } from 'node:http';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { FunctionHost, Upstream } from '@anchor/core/ports/function-host.ts';

export type FunctionResponse = Readonly<{ status: number; body: string; instance: string }>;

/** Sends one request to one upstream. Rejects when the connection fails. */
export function requestUpstream(
  upstream: Upstream,
  path: string,
  options: Readonly<{ agent?: Agent; headers?: Readonly<Record<string, string>> }> = {},
): Promise<FunctionResponse> {
  if (upstream.kind !== 'unix') return Promise.reject(new Error('only unix sockets'));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath: upstream.path,
        path,
        agent: options.agent ?? false,
        headers: { host: 'site.localhost', ...options.headers },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body, instance: upstream.instance }));
        response.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

/**
 * Creates the smallest caller that keeps the rules of the port, as an edge does: leases count from the call, and a
 * refused connection leads to another acquire. `crashes`: so does a lost connection, as is allowed for a GET when
 * instances are killed.
 */
export function createFunctionClient(
  host: FunctionHost,
  deploymentId: DeploymentId,
  options: Readonly<{ crashes?: boolean }> = {},
) {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  let upstreams: readonly Upstream[] = [];
  let until = 0;
  let next = 0;
  const seen = new Set<string>();
  const refusals: string[] = [];

  async function acquire(): Promise<void> {
    const requestedAt = Date.now();
    const lease = await host.acquire(deploymentId);
    if (!lease.ok) throw new Error(`${lease.error.code}: ${lease.error.message} ${lease.error.cause ?? ''}`);
    upstreams = lease.value.upstreams;
    until = requestedAt + lease.value.leaseMs;
  }

  return {
    /** Every instance that responded. */
    seen,
    /** Connections that were refused within a lease: an instance died, or was stopped too early. */
    refusals,
    async get(path: string): Promise<FunctionResponse> {
      for (let attempt = 0; ; attempt++) {
        if (Date.now() >= until) await acquire();
        const upstream = upstreams[next++ % upstreams.length];
        if (upstream === undefined) throw new Error('no upstream');
        try {
          const response = await requestUpstream(upstream, path, { agent });
          seen.add(response.instance);
          return response;
        } catch (cause) {
          const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
          const refused =
            code === 'ECONNREFUSED' ||
            code === 'ENOENT' ||
            (options.crashes === true && (code === 'ECONNRESET' || code === 'EPIPE'));
          if (!refused || attempt >= 5) throw cause;
          refusals.push(upstream.instance);
          until = 0;
        }
      }
    },
    close: () => agent.destroy(),
  };
}
