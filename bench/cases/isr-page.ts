import { plain } from '../../e2e/platform.ts';
import { wrk, type WrkResult } from '../load/wrk.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Case } from '../case.ts';
import { nextStart } from '../subjects/bare.ts';
import { restartFunction, setFunctions } from '../subjects/functions.ts';

const ROUNDS = 3;
const SECONDS = 12;
const LOW_SECONDS = 5;
const PATH = '/isr';

export const isrPage: Case = {
  id: 'isr-page',
  what: 'page that is regenerated every ten seconds, against next start: requests per second and p50 at low load',
  async run(bench) {
    const { platform, project, host, deployment } = await bench.demo();
    // next start never sleeps either.
    await setFunctions(platform, project, { idleSeconds: 300 });
    await restartFunction(platform, deployment);
    const next = await nextStart(await bench.bare());
    const ours: WrkResult[] = [];
    const theirs: WrkResult[] = [];
    const ourLow: WrkResult[] = [];
    const theirLow: WrkResult[] = [];
    const at = { port: platform.edgePort, host, path: PATH };
    const there = { port: next.port, host: `127.0.0.1:${next.port}`, path: PATH };
    const versions = async (port: number, name: string): Promise<string> =>
      /<time[^>]*>([^<]+)/.exec((await plain(port, name, PATH)).body)?.[1] ?? '';
    const before = { ours: await versions(at.port, host), theirs: await versions(there.port, '127.0.0.1') };
    try {
      await wrk({ ...at, connections: 32, seconds: 2 });
      await wrk({ ...there, connections: 32, seconds: 2 });
      for (let i = 0; i < ROUNDS; i++) {
        // Longer than the page lives: every round has at least one new version.
        ours.push(await wrk({ ...at, connections: 32, seconds: SECONDS }));
        theirs.push(await wrk({ ...there, connections: 32, seconds: SECONDS }));
        ourLow.push(await wrk({ ...at, connections: 1, seconds: LOW_SECONDS }));
        theirLow.push(await wrk({ ...there, connections: 1, seconds: LOW_SECONDS }));
      }
      if (
        (await versions(at.port, host)) === before.ours ||
        (await versions(there.port, '127.0.0.1')) === before.theirs
      )
        throw new Error('a page was never regenerated');
    } finally {
      await next.stop();
    }
    const errors = [...ours, ...ourLow].reduce((sum, result) => sum + result.errors, 0);
    if (errors > 0) throw new Error(`${errors} of our responses failed or took more than ten seconds`);
    const rate = (all: readonly WrkResult[]): readonly number[] => all.map(({ perSecond }) => perSecond);
    const p50 = (all: readonly WrkResult[]): readonly number[] => all.map((result) => result.p50);
    const p99 = (all: readonly WrkResult[]): string => median(all.map((result) => result.p99)).toFixed(1);
    bench.say(`${PATH}: ours ${list(rate(ours), 0)}/s, next start ${list(rate(theirs), 0)}/s`);
    return [
      compared(
        {
          id: 'isr-page',
          what: 'ISR page',
          unit: 'requests/s',
          note: `32 connections, ${SECONDS} s a round; p99 ${p99(ours)} ms against ${p99(theirs)} ms. Access log on ours.`,
        },
        median(rate(ours)),
        median(rate(theirs)),
        { atLeast: 2 },
      ),
      compared(
        {
          id: 'isr-page-p50',
          what: 'ISR page, p50 at one connection',
          unit: 'ms',
          note: `ours ${list(p50(ourLow), 3)}; next start ${list(p50(theirLow), 3)}.`,
        },
        median(p50(ourLow)),
        median(p50(theirLow)),
        { atMost: 1 },
      ),
    ];
  },
};
