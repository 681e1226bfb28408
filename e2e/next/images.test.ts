/**
 * `next/image` on a deployed site: what is made, what is refused, and that no process makes twice what another has
 * made.
 */
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { inTab } from '../browser.ts';
import { eventually, type HttpResponse, type Platform } from '../platform.ts';
import { APPS } from '../repository.ts';
import { ASSETS_SITE } from './assets-site.ts';
import { inEveryPhase, type Site } from './site.ts';
import { useStage } from './stage.ts';

const run = promisify(execFile);
/**
 * An address that is public by its number and belongs to this machine while the tests run: a private one would be
 * refused.
 */
const ADDRESS = `11.${process.pid % 250}.${Math.floor(process.pid / 250) % 250}.7`;
const BROWSER = 'image/avif,image/webp,image/apng,image/*,*/*;q=0.8';

let platform: Platform;
let site: Site;
let browser: Browser;
let remote: Server;
let remotePort: number;
const requested: string[] = [];

useStage(
  ['browser'],
  async () => {
    await run('ip', ['address', 'add', `${ADDRESS}/32`, 'dev', 'lo']);
    const boat = await readFile(join(APPS, 'assets/public/pictures/boat.png'));
    remote = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://n');
      requested.push(`${request.headers.host ?? ''}${pathname}`);
      const to = searchParams.get('to');
      if (pathname === '/redirect' && to !== null) return void response.writeHead(302, { location: to }).end();
      if (pathname === '/huge.png') {
        response.writeHead(200, { 'content-type': 'image/png' });
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(1 << 20)));
        };
        response.on('drain', more);
        return more();
      }
      if (pathname !== '/boat.png') return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': 'image/png', 'cache-control': 'max-age=3600' }).end(boat);
    });
    await new Promise<void>((resolve) => remote.listen(0, ADDRESS, resolve));
    const address = remote.address();
    assert.ok(address !== null && typeof address === 'object');
    remotePort = address.port;
    return { ...ASSETS_SITE, flags: ['--allow-network', `${ADDRESS}/32`] };
  },
  (stage) => {
    ({ platform, site, browser } = stage);
  },
);
after(async () => {
  remote?.closeAllConnections();
  remote?.close();
  await run('ip', ['address', 'del', `${ADDRESS}/32`, 'dev', 'lo']);
});

type Parameters = Readonly<{
  url: string;
  w?: number;
  q?: number;
  accept?: string;
  more?: string;
  headers?: Record<string, string>;
}>;
const image = ({
  url,
  w = 320,
  q = 75,
  accept = BROWSER,
  more = '',
  headers = {},
}: Parameters): Promise<HttpResponse> =>
  site.request(`/_next/image?url=${encodeURIComponent(url)}&w=${w}&q=${q}${more}`, { headers: { accept, ...headers } });
const elsewhere = (path: string): string => `http://${ADDRESS}:${remotePort}${path}`;
/** Returns the format of the bytes, whatever the headers declare. */
const formatOf = (bytes: Buffer): string =>
  bytes.subarray(4, 12).toString('latin1') === 'ftypavif'
    ? 'avif'
    : bytes.subarray(8, 12).toString('latin1') === 'WEBP'
      ? 'webp'
      : bytes.subarray(1, 4).toString('latin1') === 'PNG'
        ? 'png'
        : bytes.subarray(0, 3).toString('hex') === 'ffd8ff'
          ? 'jpeg'
          : bytes.subarray(0, 12).toString('hex');
const pngWidth = (bytes: Buffer): number => bytes.readUInt32BE(16);

const refused = async (parameters: Parameters, status: number, says: RegExp): Promise<void> => {
  const response = await image(parameters);
  assert.equal(response.status, status, `${parameters.url}: ${response.body.slice(0, 200)}`);
  assert.match(response.body, says);
};

inEveryPhase(
  () => site,
  (phase) => {
    test('the browser gets the best format that it accepts, in the requested size', async () => {
      for (const [accept, format] of [
        [BROWSER, 'avif'],
        ['image/webp,*/*', 'webp'],
        ['*/*', 'png'],
        ['', 'png'],
      ] as const) {
        const response = await image({ url: '/pictures/boat.png', accept });
        assert.equal(response.status, 200, response.body.slice(0, 200));
        assert.equal(response.headers['content-type'], `image/${format}`);
        assert.equal(formatOf(response.bytes), format);
        assert.match(String(response.headers.vary), /accept/i);
        assert.equal(response.headers['cache-control'], 'public, max-age=14400, must-revalidate');
        assert.equal(response.headers['content-disposition'], `attachment; filename="boat.${format}"`);
        assert.equal(response.headers['content-security-policy'], "script-src 'none'; frame-src 'none'; sandbox;");
        assert.equal(Number(response.headers['content-length']), response.bytes.length);
      }
      for (const w of [64, 320, 640])
        assert.equal(pngWidth((await image({ url: '/pictures/boat.png', w, accept: '*/*' })).bytes), w);
      const [low, high] = [
        await image({ url: '/pictures/boat.jpg', q: 40, accept: '' }),
        await image({ url: '/pictures/boat.jpg', q: 75, accept: '' }),
      ];
      assert.equal(formatOf(low.bytes), 'jpeg');
      assert.ok(low.bytes.length < high.bytes.length);
    });

    test('an image is made once: after that every process and the edge respond with HIT', async () => {
      const url = `/pictures/boat.${phase === 'from zero' ? 'png' : 'jpg'}`;
      const w = phase === 'with two processes' ? 640 : 64;
      await image({ url, w, q: 40, accept: 'image/webp' });
      // Another query is another address for whatever caches, and the same image for Next.
      for (let i = 0; i < 6; i++) {
        const response = await image({ url, w, q: 40, accept: 'image/webp', more: `&again=${phase.length}${i}` });
        assert.equal(response.headers['x-nextjs-cache'], 'HIT', `${i}`);
      }
      const second = await image({ url, w, q: 40, accept: 'image/webp' });
      assert.equal(second.headers['x-nextjs-cache'], 'HIT');
      assert.equal(second.headers['x-anchor-cache'], 'HIT');
      const { etag } = second.headers;
      assert.ok(etag !== undefined);
      const known = await image({ url, w, q: 40, accept: 'image/webp', headers: { 'if-none-match': etag } });
      assert.equal(known.status, 304);
      assert.equal(known.bytes.length, 0);
      const head = await site.request(`/_next/image?url=${encodeURIComponent(url)}&w=${w}&q=40`, {
        method: 'HEAD',
        headers: { accept: 'image/webp' },
      });
      assert.equal(head.status, 200);
      assert.equal(head.bytes.length, 0);
      assert.equal(head.headers['content-type'], 'image/webp');
    });

    if (phase === 'from zero') {
      test('an image that is known needs no function', async () => {
        const known = { url: '/pictures/boat.png', w: 64, q: 75, accept: 'image/webp' } as const;
        // Each edge process has a memory of its own.
        for (let i = 0; i < 40; i++) await image(known);
        await site.toZero();
        for (let i = 0; i < 10; i++) assert.equal((await image(known)).headers['x-anchor-cache'], 'HIT');
        assert.deepEqual(await site.instances(), []);
      });
    }

    test('sizes, qualities and parameters that are not configured are refused', async () => {
      const url = '/pictures/boat.png';
      await refused({ url, w: 321 }, 400, /width.*not allowed/);
      await refused({ url, w: 0 }, 400, /width/);
      await refused({ url, q: 50 }, 400, /quality.*not allowed/);
      await refused({ url, q: 101 }, 400, /quality/);
      await refused({ url, more: '&w=64' }, 400, /width.*array/);
      await refused({ url, more: '&url=b' }, 400, /url.*array/);
      for (const query of [
        '',
        '?url=%2Fpictures%2Fboat.png',
        '?w=64&q=75',
        '?url=%2Fpictures%2Fboat.png&w=abc&q=75',
        '?url=%2Fpictures%2Fboat.png&w=64&q=',
        '?url=&w=64&q=75',
        '?url=%ff&w=64&q=75',
      ]) {
        assert.equal((await site.request(`/_next/image${query}`)).status, 400, query);
      }
    });

    test('paths outside the patterns, recursion and what is no image are refused', async () => {
      await refused({ url: '/data.json' }, 400, /not allowed/);
      await refused({ url: '/pictures/../../package.json' }, 400, /not allowed/);
      await refused({ url: '/pictures/%2e%2e/data.json' }, 400, /not allowed|invalid|valid image/);
      await refused({ url: '/api/picture?colour=red' }, 400, /not allowed/);
      await refused({ url: '//evil.test/a.png' }, 400, /protocol-relative/);
      await refused({ url: 'pictures/boat.png' }, 400, /invalid/);
      await refused({ url: '/_next/image?url=%2Fpictures%2Fboat.png&w=64&q=75' }, 400, /recursive/);
      await refused({ url: '/pictures/text.png' }, 400, /valid image/);
      await refused({ url: '/pictures/drawing.svg', w: 64 }, 400, /type is not allowed/);
      await refused({ url: '/pictures/missing.png' }, 404, /response is invalid/);
    });

    test('an image that a route makes is optimized', async () => {
      const response = await image({ url: '/api/picture', w: 64, accept: 'image/webp' });
      assert.equal(response.status, 200, response.body.slice(0, 200));
      assert.equal(formatOf(response.bytes), 'webp');
      assert.equal(
        (await image({ url: '/api/picture', w: 64, accept: 'image/webp', more: '&again' })).headers['x-nextjs-cache'],
        'HIT',
      );
    });

    test('an image of another server is fetched once and optimized', async () => {
      const first = await image({ url: elsewhere('/boat.png'), accept: 'image/webp' });
      assert.equal(first.status, 200, first.body.slice(0, 200));
      assert.equal(formatOf(first.bytes), 'webp');
      const count = requested.length;
      for (let i = 0; i < 4; i++)
        assert.equal(
          (await image({ url: elsewhere('/boat.png'), accept: 'image/webp', more: `&again=${i}` })).headers[
            'x-nextjs-cache'
          ],
          'HIT',
        );
      assert.equal(requested.length, count);
      await refused({ url: elsewhere('/nothing.png') }, 404, /upstream response is invalid/);
      await refused({ url: `https://${ADDRESS}/boat.png` }, 400, /not allowed/);
      await refused({ url: elsewhere('/huge.png') }, 413, /upstream response is invalid/);
    });

    test('private addresses are refused, however they are written, named or redirected to', async () => {
      const hidden = [
        'http://127.0.0.1/a.png',
        'http://127.1/a.png',
        'http://0x7f000001/a.png',
        'http://2130706433/a.png',
        'http://0.0.0.0/a.png',
        'http://[::1]/a.png',
        'http://[::ffff:127.0.0.1]/a.png',
        'http://[::ffff:7f00:1]/a.png',
        'http://10.0.0.1/a.png',
        'http://172.16.0.1/a.png',
        'http://192.168.0.1/a.png',
        'http://100.64.0.1/a.png',
        'http://169.254.169.254/latest/meta-data/',
        'http://[fd00:ec2::254]/a',
        'http://[fe80::1]/a.png',
        'http://[64:ff9b::a9fe:a9fe]/a',
        'http://localhost/a.png',
        `http://localhost:${platform.apiPort}/api/health`,
        `http://127.0.0.1:${platform.edgePort}/pictures/boat.png`,
      ];
      for (const url of hidden) await refused({ url }, 400, /not allowed/);
      for (const url of [
        'http://169.254.169.254/latest/meta-data/',
        'http://localhost/a.png',
        'http://[::1]/a.png',
        `http://127.0.0.1:${platform.apiPort}/api/health`,
      ]) {
        await refused({ url: elsewhere(`/redirect?to=${encodeURIComponent(url)}`) }, 400, /not allowed/);
      }
      // A redirect to what is public is followed, a few times.
      const followed = await image({
        url: elsewhere(`/redirect?to=${encodeURIComponent('/boat.png')}`),
        accept: 'image/webp',
      });
      assert.equal(followed.status, 200, followed.body.slice(0, 200));
      await refused(
        {
          url: elsewhere(
            `/redirect?to=${encodeURIComponent(`/redirect?to=${encodeURIComponent(`/redirect?to=${encodeURIComponent(`/redirect?to=${encodeURIComponent('/boat.png')}`)}`)}`)}`,
          ),
        },
        508,
        /upstream response is invalid/,
      );
    });

    test('the images of a page are shown by the browser', async () => {
      await inTab(browser, site.url('/'), async (page) => {
        for (const [alt, ratio] of [
          ['imported', 2],
          ['public', 2],
          ['made', 2],
        ] as const) {
          const picture = page.getByAltText(alt, { exact: true });
          await picture.scrollIntoViewIfNeeded();
          await picture.evaluate((element) => (element as HTMLImageElement).decode());
          const shown = await picture.evaluate((element) => ({
            width: (element as HTMLImageElement).naturalWidth,
            height: (element as HTMLImageElement).naturalHeight,
            from: (element as HTMLImageElement).currentSrc,
          }));
          assert.ok(Math.abs(shown.width / shown.height - ratio) < 0.05, JSON.stringify(shown));
          assert.match(shown.from, /\/_next\/image\?/);
        }
      });
    });
  },
);

describe('an app that allows SVG', () => {
  before(async () => {
    const config = await readFile(join(APPS, 'assets/next.config.ts'), 'utf8');
    const { id } = await site.push({
      'next.config.ts': config.replace(
        'formats:',
        "dangerouslyAllowSVG: true, contentDispositionType: 'inline', contentSecurityPolicy: \"default-src 'self'; script-src 'none'; sandbox;\", formats:",
      ),
    });
    // A rollback holds production until the next promotion.
    await site.promote(id);
  });

  test('gets it as it is, under a policy that lets no script run', async () => {
    const response = await image({ url: '/pictures/drawing.svg', w: 64 });
    assert.equal(response.status, 200, response.body);
    assert.equal(response.headers['content-type'], 'image/svg+xml');
    assert.equal(response.headers['content-security-policy'], "default-src 'self'; script-src 'none'; sandbox;");
    assert.equal(response.headers['content-disposition'], 'inline; filename="drawing.svg"');
    assert.match(response.body, /^<svg/);
  });

  test('still gets other images in the formats of the browser, generated by this deployment', async () => {
    await eventually(
      async () => (await image({ url: '/pictures/boat.png' })).headers['x-nextjs-cache'] === 'HIT',
      30_000,
      () => 'never kept',
    );
    assert.equal(
      (await image({ url: '/pictures/boat.png' })).headers['content-disposition'],
      'inline; filename="boat.avif"',
    );
  });
});
