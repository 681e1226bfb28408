import { build, logs, tree } from '../attacks/control-plane.ts';
import { expression, hints, manifests } from '../attacks/edge.ts';
import { connections, disk, inotify, output, processor, diskSpace } from '../attacks/functions.ts';
import { deploy, type Attack } from '../attacks/attack.ts';
import type { Bench } from '../bench.ts';
import { failed, generate } from '../load/generate.ts';
import type { LoadResult } from '../load/spec.ts';
import { percentile } from '../measure/stats.ts';
import { compared, type Result, type Case } from '../case.ts';
import { setFunctions } from '../subjects/functions.ts';
import { nodeServer } from '../../e2e/repository.ts';
import type { Platform } from '../../e2e/platform.ts';

const ATTACKS: readonly Attack[] = [
  expression,
  hints,
  manifests,
  disk,
  connections,
  diskSpace,
  inotify,
  output,
  processor,
  tree,
  build,
  logs,
];
const SECONDS = 10;
const PER_SECOND = 40;
const API_PER_SECOND = 20;

/** The p99 of the neighbour's static page and function and of the API, in ms, and how many of their requests failed. */
type Seen = Readonly<{ page: number; function: number; api: number; failed: number }>;

export const noisyNeighbour: Case = {
  id: 'noisy-neighbour',
  what: "p99 of one project's page and function while another attacks the machine, against the same alone",
  async run(bench) {
    const platform = await bench.platform();
    await deploy(platform, 'still', { 'index.html': '<!doctype html><h1>still here</h1>' });
    await deploy(platform, 'server', nodeServer("res.end('served');"));
    await setFunctions(platform, 'server', { idleSeconds: 300 });
    await watch(platform, 5);
    const results: Result[] = [];
    const wanted = process.env['BENCH_ATTACKS']?.split(',');
    for (const attack of ATTACKS)
      if (wanted?.includes(attack.id) ?? true) results.push(...(await under(bench, platform, attack)));
    return results;
  },
};

async function under(bench: Bench, platform: Platform, attack: Attack): Promise<readonly Result[]> {
  const start = await attack.prepare(platform).catch((error: unknown) => {
    // Some attacks are refused before they start, which ends them.
    bench.say(
      `${attack.id}: refused when it was deployed: ${String(error)
        .split('\n')
        .filter((line) => /✗|refused|error/i.test(line))
        .slice(0, 2)
        .join(' ')
        .slice(0, 300)}`,
    );
  });
  if (start === undefined) return [];
  const alone = await watch(platform, SECONDS);
  const before = ['edge-0', 'edge-1', 'host', 'server'].map((name) => platform.pid(name as 'server'));
  const stop = await start();
  const beside = await watch(platform, SECONDS);
  await stop();
  const restarted = ['edge-0', 'edge-1', 'host', 'server'].filter(
    (name, i) => platform.pid(name as 'server') !== before[i],
  );
  bench.say(
    `${attack.id}: page ${alone.page.toFixed(1)} → ${beside.page.toFixed(1)} ms, function ${alone.function.toFixed(1)} → ${beside.function.toFixed(1)} ms, API ${alone.api.toFixed(1)} → ${beside.api.toFixed(1)} ms, ${beside.failed} failed${restarted.length === 0 ? '' : `, restarted: ${restarted.join(', ')}`}`,
  );
  return (['page', 'function', 'api'] as const).map((kind) =>
    compared(
      {
        id: `beside-${attack.id}-${kind}`,
        what: `p99 of ${kind === 'api' ? 'the API' : `a neighbour's ${kind}`} beside ${attack.what}`,
        unit: 'ms',
        ...(beside.failed === 0 ? {} : { note: `${beside.failed} requests failed` }),
      },
      beside[kind],
      alone[kind],
      { atMost: 2 },
    ),
  );
}

/** Requests the neighbour's page and function and the API at a steady rate for a number of seconds. */
async function watch(platform: Platform, seconds: number): Promise<Seen> {
  const load = (host: string) =>
    generate({ port: platform.edgePort, host, paths: ['/'], connections: 32, perSecond: PER_SECOND, seconds });
  const [page, served, api] = await Promise.all([
    load('still.localhost'),
    load('server.localhost'),
    generate({
      port: platform.apiPort,
      host: `127.0.0.1:${platform.apiPort}`,
      paths: ['/api/projects?limit=1'],
      headers: { authorization: `Bearer ${platform.token}` },
      connections: 32,
      perSecond: API_PER_SECOND,
      seconds,
    }),
  ]);
  const p99 = ({ samples }: LoadResult): number =>
    percentile(
      samples.map(([, , ms]) => ms),
      0.99,
    );
  const count = [page, served, api].reduce((sum, result) => sum + failed(result), 0);
  return { page: p99(page), function: p99(served), api: p99(api), failed: count };
}
