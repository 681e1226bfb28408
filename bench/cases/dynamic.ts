import { wrk, type WrkResult } from '../load/wrk.ts';
import { list, median } from '../measure/stats.ts';
import type { Bench } from '../bench.ts';
import { compared, type Result, type Case } from '../case.ts';
import { nextStart } from '../subjects/bare.ts';
import { restartFunction, setFunctions } from '../subjects/functions.ts';

const ROUNDS = 3;
const SECONDS = 5;
/** V8 optimizes a page for about this long; two processes that share the requests take longer than one. */
const WARM_SECONDS = 10;
const PAGE = '/guestbook';
const HANDLER = '/api/hello?name=bench';
const ONE_PROCESS =
  'next start is one process; ours are edge workers and function instances, on the same cores as wrk.';

export const dynamic: Case = {
  id: 'dynamic',
  what: 'dynamic page and route handler, against next start: requests per second and p50 at low load',
  async run(bench) {
    const { platform, project, deployment } = await bench.demo();
    const results: Result[] = [];
    await setFunctions(platform, project, { idleSeconds: 300, maxInstances: 4 });
    await restartFunction(platform, deployment);
    const pages = await versus(bench, PAGE, 32, ROUNDS);
    results.push(throughput('dynamic-page', 'dynamic page', pages, ONE_PROCESS));
    results.push(throughput('dynamic-handler', 'route handler', await versus(bench, HANDLER, 32, ROUNDS), ONE_PROCESS));
    const low = await versus(bench, PAGE, 1, ROUNDS);
    const [ours, theirs] = [low.ours.map(({ p50 }) => p50), low.theirs.map(({ p50 }) => p50)];
    results.push(
      compared(
        {
          id: 'dynamic-p50',
          what: 'dynamic page, p50 at one connection',
          unit: 'ms',
          note: `ours ${list(ours, 2)}; next start ${list(theirs, 2)}; p99 ${median(low.ours.map(({ p99 }) => p99)).toFixed(1)} against ${median(low.theirs.map(({ p99 }) => p99)).toFixed(1)}.`,
        },
        median(ours),
        median(theirs),
        { atMost: 1 },
      ),
    );
    await setFunctions(platform, project, { maxInstances: 1 });
    await restartFunction(platform, deployment);
    results.push(
      throughput(
        'dynamic-page-1',
        'dynamic page, one function instance',
        await versus(bench, PAGE, 32, ROUNDS),
        'functions.maxInstances 1: one process renders on each side. No goal of its own.',
      ),
    );
    await setFunctions(platform, project, { maxInstances: 4 });
    await restartFunction(platform, deployment);
    return results;
  },
};

type Both = Readonly<{ ours: readonly WrkResult[]; theirs: readonly WrkResult[] }>;

/** Measures the two sides alternately; while one is measured the other is idle, but runs. */
async function versus(bench: Bench, path: string, connections: number, rounds: number): Promise<Both> {
  const { platform, host } = await bench.demo();
  const next = await nextStart(await bench.bare());
  const ours: WrkResult[] = [];
  const theirs: WrkResult[] = [];
  try {
    await wrk({ port: platform.edgePort, host, path, connections, seconds: WARM_SECONDS });
    await wrk({ port: next.port, host: `127.0.0.1:${next.port}`, path, connections, seconds: WARM_SECONDS });
    for (let i = 0; i < rounds; i++) {
      ours.push(await wrk({ port: platform.edgePort, host, path, connections, seconds: SECONDS }));
      theirs.push(await wrk({ port: next.port, host: `127.0.0.1:${next.port}`, path, connections, seconds: SECONDS }));
    }
  } finally {
    await next.stop();
  }
  const errors = ours.reduce((sum, result) => sum + result.errors, 0);
  bench.say(
    `${path} at ${connections}: ours ${list(
      ours.map(({ perSecond }) => perSecond),
      0,
    )}/s (${errors} errors), next start ${list(
      theirs.map(({ perSecond }) => perSecond),
      0,
    )}/s`,
  );
  if (errors > 0) throw new Error(`${errors} of our responses failed at ${path}`);
  return { ours, theirs };
}

function throughput(id: string, what: string, { ours, theirs }: Both, note: string): Result {
  const p99 = `p99 ${median(ours.map(({ p99 }) => p99)).toFixed(0)} ms against ${median(theirs.map(({ p99 }) => p99)).toFixed(0)} ms`;
  return compared(
    { id, what, unit: 'requests/s', note: `32 connections, ${p99}, both warm for ${WARM_SECONDS} s. ${note}` },
    median(ours.map(({ perSecond }) => perSecond)),
    median(theirs.map(({ perSecond }) => perSecond)),
    { atLeast: id.endsWith('-1') ? 1 : 2 },
  );
}
