import { plain } from '../../e2e/platform.ts';
import { wrk, type WrkResult } from '../load/wrk.ts';
import { memoryOfTree } from '../measure/memory.ts';
import { processorSeconds } from '../measure/processor.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Figure, type Row } from '../row.ts';
import { nextStart } from '../sides/bare.ts';
import { startNginx } from '../sides/nginx.ts';

const ROUNDS = 5;
const SECONDS = 3;
const CSS = /\/_next\/static\/[^"]+\.css/;

type Side = Readonly<{ port: number; host: string; path: string; bytes: number; pids: readonly number[] }>;
type Round = WrkResult & Readonly<{ microseconds: number }>;

export const statics: Row = {
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
    const edge = [platform.pid('edge-0'), platform.pid('edge-1')].filter((pid) => pid !== undefined);
    const workers = memoryOfTree(nginx.pid).map(({ pid }) => pid);
    const figures: Figure[] = [];
    try {
      for (const { id, what, find, theirs } of [
        { id: 'static-page', what: 'cached page (theirs: nginx proxy_cache)', find: undefined, theirs: '/' },
        { id: 'static-prerender', what: 'prerendered page (theirs: nginx, file)', find: undefined, theirs: '/prerendered' },
        { id: 'static-file', what: 'static file, CSS (theirs: nginx)', find: CSS, theirs: '/' },
      ]) {
        const a: Side = { ...(await target(platform.edgePort, host, '/', find)), port: platform.edgePort, host, pids: edge };
        const b: Side = { ...(await target(nginx.port, '127.0.0.1', theirs, find)), port: nginx.port, host: '127.0.0.1', pids: workers };
        const ours: Round[] = [];
        const others: Round[] = [];
        for (let i = 0; i < ROUNDS; i++) {
          ours.push(await round(a));
          others.push(await round(b));
        }
        const of = (all: readonly Round[], field: 'perSecond' | 'p99' | 'microseconds'): number => median(all.map((one) => one[field]));
        bench.say(`${what}: ours ${list(ours.map(({ perSecond }) => perSecond), 0)}/s, nginx ${list(others.map(({ perSecond }) => perSecond), 0)}/s`);
        if (ours.some(({ errors }) => errors > 0)) throw new Error(`answers failed at ${a.path}`);
        const note = `${a.bytes} bytes against ${b.bytes}; medians of ${ROUNDS} rounds, turn by turn. Access log on both sides.`;
        figures.push(
          compared({ id, what, unit: 'requests/s', note }, of(ours, 'perSecond'), of(others, 'perSecond'), { atLeast: 1 }),
          compared({ id: `${id}-p99`, what: `p99 of it`, unit: 'ms' }, of(ours, 'p99'), of(others, 'p99'), { atMost: 1 }),
          compared({ id: `${id}-cpu`, what: `processor of it, without wrk's`, unit: 'µs/request' }, of(ours, 'microseconds'), of(others, 'microseconds'), { atMost: 1 }),
        );
      }
    } finally {
      await nginx.stop();
      await next.stop();
    }
    return figures;
  },
};

async function round({ port, host, path, pids }: Side): Promise<Round> {
  const before = processorSeconds(pids);
  const result = await wrk({ port, host, path, connections: 32, seconds: SECONDS });
  return { ...result, microseconds: ((processorSeconds(pids) - before) * 1_000_000) / result.requests };
}

/** The page, or the first file of a kind that it names; asked for once, so that caches are warm. */
async function target(port: number, host: string, path: string, find: RegExp | undefined): Promise<Readonly<{ path: string; bytes: number }>> {
  const page = await plain(port, host, path);
  if (page.status !== 200) throw new Error(`${path} answered ${page.status}`);
  if (find === undefined) return { path, bytes: Buffer.byteLength(page.body) };
  const named = find.exec(page.body)?.[0]?.replaceAll('&amp;', '&') ?? '/missing';
  const file = await plain(port, host, named);
  if (file.status !== 200) throw new Error(`${named} answered ${file.status}`);
  return { path: named, bytes: Buffer.byteLength(file.body) };
}
