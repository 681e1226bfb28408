import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plain, type HttpResponse } from '../../e2e/platform.ts';
import { wrk, type WrkResult } from '../load/wrk.ts';
import { list, median } from '../measure/stats.ts';
import { compared, type Result, type Case } from '../case.ts';
import { nextStart } from '../subjects/bare.ts';
import { startNginx } from '../subjects/nginx.ts';

const ROUNDS = 3;
const SECONDS = 4;
/** As Chromium sends it for an `<img>`. */
const BROWSER = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
/** Every size that Next makes when nothing is configured; each is made once in each format. */
const WIDTHS = [32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840];
const CACHED = 750;

type Subject = Readonly<{ port: number; host: string }>;
const pathOf = (w: number): string => `/_next/image?url=${encodeURIComponent('/harbour.png')}&w=${w}&q=75`;

async function image(
  { port, host }: Subject,
  w: number,
  accept = BROWSER,
): Promise<Readonly<{ response: HttpResponse; ms: number }>> {
  const startedAt = performance.now();
  const response = await plain(port, host, pathOf(w), { headers: { accept } });
  if (response.status !== 200)
    throw new Error(`${host} responded with ${response.status} for an image: ${response.body.slice(0, 200)}`);
  return { response, ms: performance.now() - startedAt };
}

export const images: Case = {
  id: 'images',
  what: 'optimized images: a cached one against nginx with the same file and against next start, and one that must be made against next start',
  async run(bench) {
    const { platform, host } = await bench.demo();
    const app = await bench.bare();
    const next = await nextStart(app);
    const ours: Subject = { port: platform.edgePort, host };
    const theirs: Subject = { port: next.port, host: '127.0.0.1' };
    const file = join(app.directory, '.next/static/bench-image.webp');
    const results: Result[] = [];
    try {
      const misses = { ours: [] as number[], theirs: [] as number[] };
      for (const accept of [BROWSER, '*/*']) {
        for (const w of WIDTHS) {
          // The function is awake, as next start is: what is measured is the making of the image.
          await plain(ours.port, host, '/api/hello');
          const [a, b] = [await image(ours, w, accept), await image(theirs, w, accept)];
          if (a.response.headers['x-nextjs-cache'] !== 'MISS' || b.response.headers['x-nextjs-cache'] !== 'MISS')
            throw new Error(`${w} was there already`);
          if (a.response.headers['content-type'] !== b.response.headers['content-type'])
            throw new Error(`${w} has two formats`);
          misses.ours.push(a.ms);
          misses.theirs.push(b.ms);
        }
      }
      bench.say(`images that must be made: ours ${list(misses.ours, 0)} ms, next start ${list(misses.theirs, 0)} ms`);

      const { response } = await image(ours, CACHED);
      await writeFile(file, response.bytes);
      const nginx = await startNginx(await bench.temporary(), app.directory, next.port);
      try {
        for (let i = 0; i < 50; i++) await image(ours, CACHED);
        const headers = { Accept: BROWSER };
        const runs = { edge: [] as WrkResult[], nginx: [] as WrkResult[], next: [] as WrkResult[] };
        for (let i = 0; i < ROUNDS; i++) {
          runs.edge.push(await wrk({ ...ours, path: pathOf(CACHED), connections: 32, seconds: SECONDS, headers }));
          runs.nginx.push(
            await wrk({
              port: nginx.port,
              host: '127.0.0.1',
              path: '/_next/static/bench-image.webp',
              connections: 32,
              seconds: SECONDS,
              headers,
            }),
          );
          runs.next.push(await wrk({ ...theirs, path: pathOf(CACHED), connections: 32, seconds: SECONDS, headers }));
        }
        if (
          Object.values(runs)
            .flat()
            .some(({ errors }) => errors > 0)
        )
          throw new Error('responses failed');
        const rate = (all: readonly WrkResult[]): readonly number[] => all.map(({ perSecond }) => perSecond);
        bench.say(
          `cached image: ours ${list(rate(runs.edge), 0)}/s, nginx ${list(rate(runs.nginx), 0)}/s, next start ${list(rate(runs.next), 0)}/s`,
        );
        const note = `${response.bytes.length} bytes; p99 ${median(runs.edge.map(({ p99 }) => p99)).toFixed(1)} ms against ${median(runs.nginx.map(({ p99 }) => p99)).toFixed(1)} ms`;
        results.push(
          compared(
            { id: 'image-cached', what: 'cached image against nginx with the same file', unit: 'requests/s', note },
            median(rate(runs.edge)),
            median(rate(runs.nginx)),
            { atLeast: 1 },
          ),
          compared(
            { id: 'image-cached-next', what: 'cached image against next start', unit: 'requests/s' },
            median(rate(runs.edge)),
            median(rate(runs.next)),
            { atLeast: 1 },
          ),
          compared(
            {
              id: 'image-made',
              what: `image that must be made, median of ${misses.ours.length} sizes and formats, against next start`,
              unit: 'ms',
            },
            median(misses.ours),
            median(misses.theirs),
            { atMost: 1 },
          ),
        );
      } finally {
        await nginx.stop();
      }
    } finally {
      await rm(file, { force: true });
      await next.stop();
    }
    return results;
  },
};
