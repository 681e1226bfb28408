import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plain, type Answer } from '../../e2e/platform.ts';
import { wrk, type WrkResult } from '../load/wrk.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Figure, type Row } from '../row.ts';
import { nextStart } from '../sides/bare.ts';
import { startNginx } from '../sides/nginx.ts';

const ROUNDS = 3;
const SECONDS = 4;
/** As Chromium sends it for an `<img>`. */
const BROWSER = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
/** Every size that Next makes when nothing is configured; each is made once in each format. */
const WIDTHS = [32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840];
const CACHED = 750;

type Side = Readonly<{ port: number; host: string }>;
const pathOf = (w: number): string => `/_next/image?url=${encodeURIComponent('/harbour.png')}&w=${w}&q=75`;

async function image({ port, host }: Side, w: number, accept = BROWSER): Promise<Readonly<{ answer: Answer; ms: number }>> {
  const begun = performance.now();
  const answer = await plain(port, host, pathOf(w), { headers: { accept } });
  if (answer.status !== 200) throw new Error(`${host} answered ${answer.status} for an image: ${answer.body.slice(0, 200)}`);
  return { answer, ms: performance.now() - begun };
}

export const images: Row = {
  id: 'images',
  what: 'optimized images: a cached one against nginx with the same file and against next start, and one that must be made against next start',
  async run(bench) {
    const { platform, host } = await bench.demo();
    const app = await bench.bare();
    const next = await nextStart(app);
    const ours: Side = { port: platform.edgePort, host };
    const theirs: Side = { port: next.port, host: '127.0.0.1' };
    const file = join(app.directory, '.next/static/bench-image.webp');
    const figures: Figure[] = [];
    try {
      const misses = { ours: [] as number[], theirs: [] as number[] };
      for (const accept of [BROWSER, '*/*']) {
        for (const w of WIDTHS) {
          // The function is awake, as next start is: what is measured is the making of the image.
          await plain(ours.port, host, '/api/hello');
          const [a, b] = [await image(ours, w, accept), await image(theirs, w, accept)];
          if (a.answer.headers['x-nextjs-cache'] !== 'MISS' || b.answer.headers['x-nextjs-cache'] !== 'MISS') throw new Error(`${w} was there already`);
          if (a.answer.headers['content-type'] !== b.answer.headers['content-type']) throw new Error(`${w} has two formats`);
          misses.ours.push(a.ms);
          misses.theirs.push(b.ms);
        }
      }
      bench.say(`images that must be made: ours ${list(misses.ours, 0)} ms, next start ${list(misses.theirs, 0)} ms`);

      const { answer } = await image(ours, CACHED);
      await writeFile(file, answer.bytes);
      const nginx = await startNginx(await bench.temporary(), app.directory, next.port);
      try {
        for (let i = 0; i < 50; i++) await image(ours, CACHED);
        const headers = { Accept: BROWSER };
        const runs = { edge: [] as WrkResult[], nginx: [] as WrkResult[], next: [] as WrkResult[] };
        for (let i = 0; i < ROUNDS; i++) {
          runs.edge.push(await wrk({ ...ours, path: pathOf(CACHED), connections: 32, seconds: SECONDS, headers }));
          runs.nginx.push(await wrk({ port: nginx.port, host: '127.0.0.1', path: '/_next/static/bench-image.webp', connections: 32, seconds: SECONDS, headers }));
          runs.next.push(await wrk({ ...theirs, path: pathOf(CACHED), connections: 32, seconds: SECONDS, headers }));
        }
        if (Object.values(runs).flat().some(({ errors }) => errors > 0)) throw new Error('answers failed');
        const rate = (all: readonly WrkResult[]): readonly number[] => all.map(({ perSecond }) => perSecond);
        bench.say(`cached image: ours ${list(rate(runs.edge), 0)}/s, nginx ${list(rate(runs.nginx), 0)}/s, next start ${list(rate(runs.next), 0)}/s`);
        const note = `${answer.bytes.length} bytes; p99 ${median(runs.edge.map(({ p99 }) => p99)).toFixed(1)} ms against ${median(runs.nginx.map(({ p99 }) => p99)).toFixed(1)} ms`;
        figures.push(
          compared({ id: 'image-cached', what: 'cached image against nginx with the same file', unit: 'requests/s', note }, median(rate(runs.edge)), median(rate(runs.nginx)), { atLeast: 1 }),
          compared({ id: 'image-cached-next', what: 'cached image against next start', unit: 'requests/s' }, median(rate(runs.edge)), median(rate(runs.next)), { atLeast: 1 }),
          compared({ id: 'image-made', what: `image that must be made, median of ${misses.ours.length} sizes and formats, against next start`, unit: 'ms' }, median(misses.ours), median(misses.theirs), { atMost: 1 }),
        );
      } finally {
        await nginx.stop();
      }
    } finally {
      await rm(file, { force: true });
      await next.stop();
    }
    return figures;
  },
};
