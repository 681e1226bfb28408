import type { State } from './state.ts';

/** What `GET /status` of the control socket answers. */
export function statusOf({ answers, sites, kept, memory, pools, repeats }: State, uptimeMs: number, closing: boolean): Readonly<Record<string, unknown>> {
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    pid: process.pid,
    uptimeSeconds: Math.round(uptimeMs / 1000),
    closing,
    memory: { rss, heapUsed, external },
    requests: answers.requests,
    inflight: answers.inflight,
    results: answers.counts,
    sites: sites.count,
    pages: { count: kept.count, bytes: kept.bytes },
    files: { count: memory.count, bytes: memory.bytes },
    repeats: { count: repeats.count, bytes: repeats.bytes, hits: repeats.hits },
    functions: pools.status(),
  };
}

/** Whether this worker serves that deployment for the host now, after looking at the newest routes. */
export async function settled({ options, routes, sites }: State, host: string, deployment: string): Promise<Readonly<{ settled: boolean; serves?: string; reason?: string }>> {
  options.routes.refresh();
  const route = routes.find(host);
  if (route === undefined) return { settled: false, reason: 'This host has no route.' };
  if (route.deploymentId !== deployment) return { settled: false, serves: route.deploymentId };
  const loaded = await sites.load(route.artifact);
  return loaded.ok ? { settled: true, serves: route.deploymentId } : { settled: false, serves: route.deploymentId, reason: loaded.error.cause ?? loaded.error.message };
}
