import { plain } from '../../e2e/platform.ts';
import { wrk, type WrkResult } from '../load/wrk.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Figure, type Row } from '../row.ts';
import { nextStart } from '../sides/bare.ts';
import { startNginx } from '../sides/nginx.ts';

const ROUNDS = 3;
const SECONDS = 4;

export const statics: Row = {
  id: 'static',
  what: 'cached page and static file, against nginx with as many workers',
  async run(bench) {
    const { platform, host } = await bench.demo();
    const app = await bench.bare();
    const next = await nextStart(app);
    const nginx = await startNginx(await bench.temporary(), app.directory, next.port).catch(async (error: unknown) => {
      await next.stop();
      throw error;
    });
    const figures: Figure[] = [];
    try {
      for (const { id, what, find } of [{ id: 'static-page', what: 'cached page', find: undefined }, { id: 'static-file', what: 'static file (CSS)', find: /\/_next\/static\/[^"]+\.css/ }]) {
        const a = await target(platform.edgePort, host, find);
        const b = await target(nginx.port, '127.0.0.1', find);
        const ours: WrkResult[] = [];
        const theirs: WrkResult[] = [];
        for (let i = 0; i < ROUNDS; i++) {
          ours.push(await wrk({ port: platform.edgePort, host, path: a.path, connections: 32, seconds: SECONDS }));
          theirs.push(await wrk({ port: nginx.port, host: '127.0.0.1', path: b.path, connections: 32, seconds: SECONDS }));
        }
        const rate = (all: readonly WrkResult[]): readonly number[] => all.map(({ perSecond }) => perSecond);
        bench.say(`${what}: ours ${list(rate(ours), 0)}/s (${a.bytes} bytes), nginx ${list(rate(theirs), 0)}/s (${b.bytes} bytes)`);
        if (ours.some(({ errors }) => errors > 0)) throw new Error(`answers failed at ${a.path}`);
        figures.push(compared({ id, what, unit: 'requests/s', note: `${a.bytes} bytes against ${b.bytes}; p99 ${median(ours.map(({ p99 }) => p99)).toFixed(1)} ms against ${median(theirs.map(({ p99 }) => p99)).toFixed(1)} ms. Access log on both sides. Informative in this issue.` }, median(rate(ours)), median(rate(theirs)), { atLeast: 1 }));
      }
    } finally {
      await nginx.stop();
      await next.stop();
    }
    return figures;
  },
};

/** The page, or the first file of a kind that it names; asked for once, so that caches are warm. */
async function target(port: number, host: string, find: RegExp | undefined): Promise<Readonly<{ path: string; bytes: number }>> {
  const page = await plain(port, host, '/');
  if (page.status !== 200) throw new Error(`/ answered ${page.status}`);
  if (find === undefined) return { path: '/', bytes: Buffer.byteLength(page.body) };
  const path = find.exec(page.body)?.[0]?.replaceAll('&amp;', '&') ?? '/missing';
  const file = await plain(port, host, path);
  if (file.status !== 200) throw new Error(`${path} answered ${file.status}`);
  return { path, bytes: Buffer.byteLength(file.body) };
}
