import { join } from 'node:path';
import { pathsIn } from '@anchor/adapter-local/paths.ts';
import { openRouteTable } from '@anchor/adapter-local/routes/route-table.ts';
import type { HostName } from '@anchor/core/names/name.ts';
import { eventually, plain, startPlatform, type Platform } from '../../e2e/platform.ts';
import { wrkHosts, type WrkResult } from '../load/wrk.ts';
import { memoryOfTree } from '../measure/memory.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Result, type Case } from '../case.ts';
import { makeSites } from '../subjects/many-sites.ts';

const SITES = 5_000;
const ACTIVE = 200;
const ROUNDS = 7;
const SECONDS = 3;
/** Until every worker has met every site and its code is compiled. */
const WARM_SECONDS = 6;

export const sites5000: Case = {
  id: 'sites-5000',
  what: `${SITES} sites on one machine, ${ACTIVE} of them requested: requests per second, memory and start-up, against one site`,
  async run(bench) {
    const directory = await bench.temporary();
    const many = await open(join(directory, 'many'), SITES);
    bench.onEnd(many.platform.stop);
    const one = await open(join(directory, 'one'), 1);
    bench.onEnd(one.platform.stop);
    const active = many.hosts.filter((_, i) => i % (SITES / ACTIVE) === 0);
    for (const [side, hosts] of [
      [many, active],
      [one, one.hosts],
    ] as const)
      await wrkHosts({ port: side.platform.edgePort, hosts, path: '/', connections: 32, seconds: WARM_SECONDS });
    const ours: WrkResult[] = [];
    const theirs: WrkResult[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      ours.push(
        await wrkHosts({ port: many.platform.edgePort, hosts: active, path: '/', connections: 32, seconds: SECONDS }),
      );
      theirs.push(
        await wrkHosts({ port: one.platform.edgePort, hosts: one.hosts, path: '/', connections: 32, seconds: SECONDS }),
      );
    }
    if ([...ours, ...theirs].some(({ errors }) => errors > 0)) throw new Error('responses failed');
    const rate = (all: readonly WrkResult[]): readonly number[] => all.map(({ perSecond }) => perSecond);
    bench.say(`${ACTIVE} of ${SITES} sites: ${list(rate(ours), 0)}/s; one: ${list(rate(theirs), 0)}/s`);
    const memory = [memoryOf(many.platform), memoryOf(one.platform)] as const;
    const results: Result[] = [
      compared(
        {
          id: 'sites-5000',
          what: `cached pages of ${ACTIVE} among ${SITES} sites, against one site`,
          unit: 'requests/s',
          note: `32 connections, the host changes with every request on both sides; ${list(rate(ours), 0)} against ${list(rate(theirs), 0)}; p99 ${median(ours.map(({ p99 }) => p99)).toFixed(1)} ms against ${median(theirs.map(({ p99 }) => p99)).toFixed(1)} ms.`,
        },
        median(rate(ours)),
        median(rate(theirs)),
        { atLeast: 0.95 },
      ),
      informative(
        'sites-edge-memory',
        'memory of the edge workers, PSS',
        'MB',
        memory[0].edge,
        memory[1].edge,
        `after the load; whole platform ${memory[0].all.toFixed(0)} MB against ${memory[1].all.toFixed(0)} MB.`,
      ),
      informative('sites-server-memory', 'memory of the server, PSS', 'MB', memory[0].server, memory[1].server),
      informative(
        'sites-start',
        'start of the whole platform',
        'ms',
        many.readyMs,
        one.readyMs,
        'from spawn to "platform ready"; the first start of each directory is not counted.',
      ),
      informative(
        'sites-edge-start',
        'an edge worker reads all routes',
        'ms',
        await routesMs(many),
        await routesMs(one),
        'what it does at its start before it serves; three host names per site.',
      ),
    ];
    await one.platform.stop();
    await many.platform.stop();
    return results;
  },
};

type Subject = Readonly<{ data: string; platform: Platform; hosts: readonly HostName[]; readyMs: number }>;

/** Starts a platform twice. The second start counts: the first makes keys, runtime files and the first token. */
async function open(data: string, count: number): Promise<Subject> {
  const hosts = await makeSites(data, count);
  const first = await startPlatform({ data, keepData: true });
  await first.stop();
  const begin = performance.now();
  const platform = await startPlatform({ data, keepData: true });
  const readyMs = performance.now() - begin;
  const last = hosts.at(-1) ?? '';
  const response = await plain(platform.edgePort, last, '/');
  if (response.status !== 200 || !response.body.includes(`This is site ${count - 1}.`))
    throw new Error(`${last} responded with ${response.status}`);
  return { data, platform, hosts, readyMs };
}

/**
 * Measures what an edge worker does before it can serve: reads all routes. Returns milliseconds until the last host is
 * known.
 */
async function routesMs({ data, hosts }: Subject): Promise<number> {
  const times: number[] = [];
  const last = hosts.at(-1);
  for (let i = 0; i < ROUNDS; i++) {
    const begin = performance.now();
    const routes = openRouteTable(pathsIn(data).database);
    await eventually(
      () => last !== undefined && routes.lookup(last) !== undefined,
      10_000,
      () => 'the routes never had the last host',
    );
    times.push(performance.now() - begin);
    routes.close();
  }
  return median(times);
}

function memoryOf(platform: Platform): Readonly<{ edge: number; server: number; all: number }> {
  const all = memoryOfTree(platform.pid('up') ?? 0);
  const of = (...pids: readonly (number | undefined)[]): number =>
    all.filter(({ pid }) => pids.includes(pid)).reduce((sum, { pssMb }) => sum + pssMb, 0);
  return {
    edge: of(platform.pid('edge-0'), platform.pid('edge-1')),
    server: of(platform.pid('server')),
    all: all.reduce((sum, { pssMb }) => sum + pssMb, 0),
  };
}

const informative = (id: string, what: string, unit: string, ours: number, theirs: number, note?: string): Result => ({
  id,
  what,
  ours,
  theirs,
  unit,
  ratio: ours / theirs,
  goal: '–',
  met: true,
  ...(note === undefined ? {} : { note }),
});
