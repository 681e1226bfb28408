import type { ServingState } from './control.ts';
import type { WorkerContext } from './worker-context.ts';

/** Returns what `GET /status` of the control socket responds with. */
export function statusOf(
  { names, responder, sites, pageCache, fileCache, pools, memo }: WorkerContext,
  uptimeMs: number,
  closing: boolean,
): Readonly<Record<string, unknown>> {
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    pid: process.pid,
    uptimeSeconds: Math.round(uptimeMs / 1000),
    closing,
    memory: { rss, heapUsed, external },
    requests: responder.requests,
    inflight: responder.inflight,
    results: responder.counts,
    sites: sites.count,
    pages: { count: pageCache.count, bytes: pageCache.bytes },
    files: { count: fileCache.count, bytes: fileCache.bytes },
    repeats: { count: memo.count, bytes: memo.bytes, hits: memo.hits },
    tls: names.status(),
    functions: pools.status(),
  };
}

/** Returns whether this worker serves that deployment for the host now, after reading the newest routes. */
export async function isServing(
  { options, routes, sites }: WorkerContext,
  host: string,
  deployment: string,
): Promise<ServingState> {
  options.routes.refresh();
  const route = routes.find(host);
  if (route === undefined) return { serving: false, reason: 'This host has no route.' };
  if (route.deploymentId !== deployment) return { serving: false, serves: route.deploymentId };
  const loaded = await sites.load(route.artifact, route.projectId);
  return loaded.ok
    ? { serving: true, serves: route.deploymentId }
    : { serving: false, serves: route.deploymentId, reason: loaded.error.cause ?? loaded.error.message };
}
