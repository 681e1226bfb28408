import { cpus } from 'node:os';
import { plain } from '../../e2e/platform.ts';
import { wrk, type WrkResult } from '../load/wrk.ts';
import { processorSeconds } from '../measure/processor.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Result, type Case } from '../case.ts';
import { nextStart } from '../subjects/bare.ts';
import { startNginx } from '../subjects/nginx.ts';

const ROUNDS = 5;
const SECONDS = 3;
const CSS = /\/_next\/static\/[^"]+\.css/;

type Subject = Readonly<{ port: number; host: string; path: string; bytes: number; pids: readonly number[] }>;
type Round = WrkResult & Readonly<{ microseconds: number }>;

export const statics: Case = {
  id: 'static',
  what: 'cached page, prerendered page and static file, against nginx with as many workers',
  async run(bench) {
    const { platform, host } = await bench.demo();
    const app = await bench.bare();
    const next = await nextStart(app);
    const nginx = await startNginx(await bench.temporary(), app.directory, next.port).catch(async (error: unknown) => {
      await next.stop();
      throw error;
    });
    const edge = cpus()
      .map((_, i) => platform.pid(`edge-${i}`))
      .filter((pid) => pid !== undefined);
    const results: Result[] = [];
    try {
      for (const { id, what, find, theirs } of [
        { id: 'static-page', what: 'cached page (theirs: nginx proxy_cache)', find: undefined, theirs: '/' },
        {
          id: 'static-prerender',
          what: 'prerendered page (theirs: nginx, file)',
          find: undefined,
          theirs: '/prerendered',
        },
        { id: 'static-file', what: 'static file, CSS (theirs: nginx)', find: CSS, theirs: '/' },
      ]) {
        const a: Subject = {
          ...(await target(platform.edgePort, host, '/', find)),
          port: platform.edgePort,
          host,
          pids: edge,
        };
        const b: Subject = {
          ...(await target(nginx.port, '127.0.0.1', theirs, find)),
          port: nginx.port,
          host: '127.0.0.1',
          pids: nginx.pids,
        };
        const ours: Round[] = [];
        const others: Round[] = [];
        for (let i = 0; i < ROUNDS; i++) {
          ours.push(await round(a));
          others.push(await round(b));
        }
        const of = (all: readonly Round[], field: 'perSecond' | 'p99' | 'microseconds'): number =>
          median(all.map((one) => one[field]));
        bench.say(
          `${what}: ours ${list(
            ours.map(({ perSecond }) => perSecond),
            0,
          )}/s, nginx ${list(
            others.map(({ perSecond }) => perSecond),
            0,
          )}/s`,
        );
        if (ours.some(({ errors }) => errors > 0)) throw new Error(`responses failed at ${a.path}`);
        const note = `${a.bytes} bytes against ${b.bytes}; medians of ${ROUNDS} rounds, turn by turn. Access log on both sides.`;
        results.push(
          compared({ id, what, unit: 'requests/s', note }, of(ours, 'perSecond'), of(others, 'perSecond'), {
            atLeast: 1,
          }),
          compared({ id: `${id}-p99`, what: `p99 of it`, unit: 'ms' }, of(ours, 'p99'), of(others, 'p99'), {
            atMost: 1,
          }),
          compared(
            { id: `${id}-cpu`, what: `processor of it, without wrk's`, unit: 'µs/request' },
            of(ours, 'microseconds'),
            of(others, 'microseconds'),
            { atMost: 1 },
          ),
        );
      }
    } finally {
      await nginx.stop();
      await next.stop();
    }
    return results;
  },
};

async function round({ port, host, path, pids }: Subject): Promise<Round> {
  const before = processorSeconds(pids);
  const result = await wrk({ port, host, path, connections: 32, seconds: SECONDS });
  return { ...result, microseconds: ((processorSeconds(pids) - before) * 1_000_000) / result.requests };
}

/** Returns the page, or the first file of a kind that it names; requested once, so that caches are warm. */
async function target(
  port: number,
  host: string,
  path: string,
  find: RegExp | undefined,
): Promise<Readonly<{ path: string; bytes: number }>> {
  const page = await plain(port, host, path);
  if (page.status !== 200) throw new Error(`${path} responded with ${page.status}`);
  if (find === undefined) return { path, bytes: Buffer.byteLength(page.body) };
  const named = find.exec(page.body)?.[0]?.replaceAll('&amp;', '&') ?? '/missing';
  const file = await plain(port, host, named);
  if (file.status !== 200) throw new Error(`${named} responded with ${file.status}`);
  return { path: named, bytes: Buffer.byteLength(file.body) };
}
