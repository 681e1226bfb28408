/**
 * One project that is upgraded from Next 13.5 to the newest. Each version is deployed after the other, so that a
 * rollback returns to the version before. 13.5 to 16.1 run as plain servers, the others through the adapter.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually, startPlatform, type Platform } from '../platform.ts';
import { APPS } from '../repository.ts';
import { deployApp, type Site } from './site.ts';

type Version = Readonly<{
  name: string;
  folder: string;
  node: RegExp;
  actions: boolean;
  server: boolean;
  marked?: boolean;
  webpack?: boolean;
}>;
const VERSIONS: readonly Version[] = [
  { name: 'Next 13.5', folder: '13.5', node: /^20\./, actions: false, server: true },
  { name: 'Next 14.2', folder: '14.2', node: /^20\./, actions: true, server: true, marked: true },
  { name: 'Next 15.5', folder: '15.5', node: /^22\./, actions: true, server: true, marked: true },
  { name: 'Next 16.1', folder: '16.1', node: /^24\./, actions: true, server: true, marked: true },
  { name: 'Next 16.2', folder: '16.2', node: /^24\./, actions: true, server: false },
  { name: 'Next 16.4 with Turbopack', folder: '16.4', node: /^24\./, actions: true, server: false },
  { name: 'Next 16.4 with webpack', folder: '16.4', node: /^24\./, actions: true, server: false, webpack: true },
];
const only = process.env['VERSIONS']?.split(',');

function filesOf({ folder, actions, webpack }: Version): Record<string, string> {
  const read = (path: string): string => readFileSync(join(APPS, 'versions', path), 'utf8');
  const manifest = read(`${folder}/package.json`);
  return {
    'package.json': webpack === true ? manifest.replace('"next build"', '"next build --webpack"') : manifest,
    'package-lock.json': read(`${folder}/package-lock.json`),
    ...(actions ? { 'app/form/page.jsx': read('form/app/form/page.jsx') } : {}),
  };
}

let platform: Platform;
let site: Site;
const earlier: { name: string; deployment: string; react: string }[] = [];

before(async () => {
  platform = await startPlatform({ flags: ['--function-round-robin'] });
});
after(async () => {
  await site?.remove();
  await platform.stop();
});

const json = async <T>(path: string, body?: unknown): Promise<T> => {
  const response = await site.request(
    path,
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  );
  assert.equal(response.status, 200, `${path}: ${response.status} ${response.body.slice(0, 500)}`);
  return JSON.parse(response.body) as T;
};
/** A number that the page shows as `name=…`; React puts comments between texts. */
const shown = (body: string, name: string): number =>
  Number(new RegExp(`${name}=(\\d+)`).exec(body)?.[1] ?? assert.fail(`no ${name} in ${body.slice(0, 500)}`));
const requestShown = async (path: string, name: string): Promise<number> => {
  const response = await site.request(path);
  assert.equal(response.status, 200, `${path}: ${response.body.slice(0, 500)}`);
  return shown(response.body, name);
};
/** Returns what the page shows when it is requested so often that every process is reached. */
async function everywhere(path: string, name: string): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  for (let i = 0; i < 6; i++) seen.add(await requestShown(path, name));
  return seen;
}
/** The same at one moment: a page with a lifetime may be revalidated between one request and the next. */
const atOnce = async (path: string, name: string): Promise<ReadonlySet<number>> =>
  new Set(await Promise.all(Array.from({ length: 6 }, () => requestShown(path, name))));
/** Waits until every process shows the same, newer than `than`: a response may be sent before its entry is stored. */
async function settled(path: string, name: string, than = 0): Promise<number> {
  let value = 0;
  let seen: ReadonlySet<number> = new Set();
  await eventually(
    async () => {
      seen = await atOnce(path, name);
      value = Math.max(...seen);
      return seen.size === 1 && value > than;
    },
    30_000,
    () => `the processes differ: ${[...seen].join()}, all to be newer than ${than}`,
  );
  return value;
}
/**
 * Paths of routes that take those of the build only (`fallback: false`, `dynamicParams = false`), and one of each that
 * the build made.
 */
const CLOSED = [
  ['/closed/none', '/closed/first'],
  ['/closed-all/first/none', '/closed-all/first/one'],
  ['/closed-all/none', '/closed-all/first/one'],
  ['/shut/none', '/shut/first'],
  ['/shut-all/first/none', '/shut-all/first/one'],
  ['/shut-all/none', '/shut-all/first/one'],
] as const;
/**
 * Requests each unknown path more than once, also as payload, with a query and as a crawler: it has to be 404 every
 * time.
 */
async function assertClosed(): Promise<void> {
  const requests: readonly Record<string, string>[] = [
    {},
    {},
    { rsc: '1' },
    { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' },
    {},
  ];
  for (const [unknown, built] of CLOSED) {
    for (const headers of requests)
      assert.equal((await site.request(unknown, { headers })).status, 404, `${unknown} ${JSON.stringify(headers)}`);
    assert.equal((await site.request(`${unknown}?x=1`)).status, 404, unknown);
    assert.match((await site.request(built)).body, /(?:closed|shut)=first/, built);
  }
}
const one = (seen: ReadonlySet<number>): number => (
  assert.equal(seen.size, 1, `the processes differ: ${[...seen].join()}`),
  [...seen][0] ?? 0
);

for (const version of VERSIONS.filter(({ folder }) => only === undefined || only.includes(folder))) {
  describe(version.name, () => {
    before(async () => {
      const files = filesOf(version);
      site ??= await deployApp(platform, { app: 'versions/common', name: 'versions', hold: '/api/hold', files });
      if (earlier.length > 0) await site.push(files);
    });

    test('static pages, files and their RSC payloads come from the edge, and start no process', async () => {
      await site.toZero();
      const home = await site.request('/');
      assert.equal(home.status, 200);
      assert.match(home.body, /<h1>Home<\/h1>/);
      assert.equal(home.headers['x-anchor-cache'], 'HIT');
      assert.equal(home.headers['x-nextjs-cache'], 'HIT');
      assert.equal(home.headers['x-site'], 'versions');
      assert.match(home.headers.vary ?? '', /rsc/i);
      const payload = await site.request('/?_rsc=1abc', { headers: { rsc: '1' } });
      assert.match(payload.headers['content-type'] ?? '', /^text\/x-component/);
      assert.equal(payload.headers['x-anchor-cache'], 'HIT');
      for (const path of ['/about', '/legacy', '/posts/first'])
        assert.match(String((await site.request(path)).headers['x-anchor-cache']), /^(?:HIT|STATIC)$/, path);
      const script = /src="(\/_next\/static\/[^"]+\.js[^"]*)"/.exec(home.body)?.[1] ?? assert.fail(home.body);
      // Without content hashes that Next guarantees, a file's address names its deployment.
      if (version.marked === true) assert.ok(script.endsWith(`?dpl=${site.live()}`), script);
      const asset = await site.request(script.replaceAll('&amp;', '&'));
      assert.equal(asset.status, 200);
      assert.match(asset.headers['cache-control'] ?? '', /max-age=31536000,\s?immutable/);
      assert.equal((await site.request('/pic.png')).headers['x-anchor-cache'], 'STATIC');
      assert.equal((await site.instances()).length, 0);
    });

    test('a dynamic page starts a process', async () => {
      await site.toZero();
      const response = await site.request('/now?from=zero');
      assert.equal(response.status, 200);
      assert.match(response.body, /from=zero/);
      assert.equal((await site.instances()).length, 1);
    });

    test('route handlers read bodies, on the Node version that the app requests', async () => {
      const response = await site.request('/api/hello', { method: 'POST', body: 'hello' });
      const { method, body, node } = JSON.parse(response.body) as { method: string; body: string; node: string };
      assert.deepEqual([method, body], ['POST', 'hello']);
      assert.match(node, version.node);
    });

    test('redirects, rewrites and middleware come before pages', async () => {
      const redirect = await site.request('/old');
      assert.deepEqual([redirect.status, redirect.headers.location], [308, '/now?from=old']);
      assert.match((await site.request('/before?from=rewrite')).body, /from=rewrite/);
      assert.match((await site.request('/articles/first')).body, /slug=first/);
      const guarded = await site.request('/guarded');
      assert.equal(guarded.status, 307);
      assert.match(guarded.headers.location ?? '', /\/now\?from=guard$/);
      const member = await site.request('/guarded', { headers: { cookie: 'member=1' } });
      assert.deepEqual([member.status, member.headers['x-guard']], [200, 'passed']);
    });

    test('an app sees the address that the client requested, in handlers and middleware, and a rewrite to it stays inside', async () => {
      const origin = `http://${site.host}:${platform.edgePort}`;
      const { url, proxy, host } = await json<{ url: string; proxy: string; host: string }>('/who?x=1');
      assert.deepEqual(
        [url, proxy, host],
        [`${origin}/who?x=1`, `${origin}/who?x=1`, `${site.host}:${platform.edgePort}`],
      );
      assert.match((await json<{ url: string }>('/who-else')).url, new RegExp(`^${origin}/who(?:-else|\\?by=rewrite)`));
      const login = await site.request('/login-first');
      assert.equal(login.status, 307);
      assert.match(
        String(login.headers.location),
        new RegExp(`/now\\?from=${encodeURIComponent(`${origin}/login-first`)}$`),
      );
    });

    test('the payload of a page that middleware guards is not to be had by a name of its own', async () => {
      for (const path of [
        '/guarded.rsc',
        '/guarded%2Ersc',
        '/guarded.%72sc',
        '/guarded.rsc/',
        '/guarded/index.rsc',
        '/guarded.segments/_full.segment.rsc',
        '/guarded.html',
        '/guarded.txt',
        '/guarded?_rsc=1',
      ]) {
        for (const headers of [{}, { rsc: '1' }, { rsc: '1', 'next-router-prefetch': '1' }]) {
          const response = await site.request(path, { headers });
          assert.ok(response.status >= 300 && response.status < 500, `${path}: ${response.status}`);
          assert.doesNotMatch(response.body, /"Guarded"|>Guarded</, path);
        }
      }
      const member = await site.request('/guarded?_rsc=1', { headers: { rsc: '1', cookie: 'member=1' } });
      assert.equal(member.status, 200);
      assert.match(member.body, /"Guarded"/);
    });

    test("a path that nothing matches gets the app's own 404", async () => {
      const response = await site.request('/nowhere');
      assert.equal(response.status, 404);
      assert.match(response.body, /Nothing is here/);
      assert.equal((await site.request('/_next/static/chunks/none.js')).status, 404);
    });

    test(
      'paths that the build did not make are 404 where a route takes no others, from the first request on',
      { skip: !version.server },
      async () => {
        await site.toZero();
        await assertClosed();
        const buildId = /"buildId":"([^"]+)"/.exec((await site.request('/ssr')).body)?.[1] ?? assert.fail();
        for (const path of ['closed/none', 'closed-all/none'])
          assert.equal(
            (await site.request(`/_next/data/${buildId}/${path}.json`, { headers: { 'x-nextjs-data': '1' } })).status,
            404,
            path,
          );
      },
    );

    test('server-side props arrive as a page and as data', async () => {
      assert.match((await site.request('/ssr?from=here')).body, /from=here/);
      const buildId = /"buildId":"([^"]+)"/.exec((await site.request('/ssr')).body)?.[1] ?? assert.fail();
      const data = await json<{ pageProps: { from: string } }>(`/_next/data/${buildId}/ssr.json?from=data`);
      assert.equal(data.pageProps.from, 'data');
    });

    describe('with two processes', () => {
      before(async () => {
        await site.twoProcesses();
        await eventually(
          async () => {
            const seen = new Set<string>();
            for (let i = 0; i < 6; i++) seen.add((await json<{ processId: string }>('/api/hello')).processId);
            return seen.size === 2;
          },
          30_000,
          () => 'only one process is reached',
        );
      });

      test('a page with a lifetime is revalidated after it, and both show the same', async () => {
        const first = await requestShown('/isr', 'at');
        const second = await settled('/isr', 'at', first);
        await settled('/isr', 'at', second);
      });

      test('revalidateTag in one process is seen by the other at once', async () => {
        let newest = await settled('/stamp', 'stamp');
        for (let round = 0; round < 2; round++) {
          await json('/api/revalidate', { tag: 'stamp' });
          const seen = await everywhere('/stamp', 'stamp');
          assert.ok(!seen.has(newest), 'an old one is shown');
          newest = await settled('/stamp', 'stamp', newest);
        }
      });

      test('a page rendered on demand is cached for both, and revalidated by revalidatePath only', async () => {
        const path = `/posts/made-${version.folder}`;
        const made = await settled(path, 'at');
        await eventually(
          () => Date.now() - made > 1_500,
          30_000,
          () => 'time stands still',
        );
        assert.equal(one(await everywhere(path, 'at')), made);
        await json('/api/revalidate', { path });
        await settled(path, 'at', made);
      });

      test('res.revalidate replaces a page everywhere, also at the edge', async () => {
        const built = one(await everywhere('/legacy', 'at'));
        await json('/api/revalidate-legacy');
        const first = one(await everywhere('/legacy', 'at'));
        assert.ok(first > built);
        await json('/api/revalidate-legacy');
        const second = one(await everywhere('/legacy', 'at'));
        assert.ok(second > first);
      });

      test(
        'unknown paths of closed routes stay 404 in both, after revalidation too',
        { skip: !version.server },
        async () => {
          await assertClosed();
          for (const [unknown] of CLOSED) {
            await json('/api/revalidate', { path: unknown });
            await site.request(`/api/revalidate-legacy?path=${unknown}`);
          }
          await assertClosed();
        },
      );

      test('the fetch cache is shared, and invalidated by its tag', { skip: !version.server }, async () => {
        const fetched = async (): Promise<number> => {
          const seen = new Set<number>();
          for (let i = 0; i < 6; i++) seen.add((await json<{ at: number }>('/api/fetched')).at);
          return one(seen);
        };
        await json('/api/fetched');
        const before = await fetched();
        await json('/api/revalidate', { tag: 'fetched' });
        await json('/api/fetched');
        assert.ok((await fetched()) > before);
      });

      test('images are optimized once for both', async () => {
        const path = '/_next/image?url=%2Fpic.png&w=64&q=75';
        const state = async (): Promise<unknown> => {
          const response = await site.request(path, { headers: { accept: 'image/webp,*/*' } });
          assert.deepEqual(
            [response.status, response.headers['content-type']],
            [200, 'image/webp'],
            response.body.slice(0, 200),
          );
          return response.headers['x-nextjs-cache'];
        };
        assert.equal(await state(), 'MISS');
        // A response may be sent before its image is stored, where the other process finds it.
        await eventually(
          async () => {
            for (let i = 0; i < 6; i++) if ((await state()) !== 'HIT') return false;
            return true;
          },
          30_000,
          () => 'it is optimized again and again',
        );
        assert.match((await site.request('/picture')).body, /_next\/image\?url=%2Fpic\.png/);
      });

      test(
        'a server action works without JavaScript: cookie, redirect, revalidation',
        { skip: !version.actions },
        async () => {
          const before = await settled('/stamp', 'stamp');
          const act = async (name: string) => {
            const form = await site.request('/form');
            const fields = [...form.body.matchAll(/<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g)].map(
              ([, key = '', value = '']) => [key, value.replaceAll('&quot;', '"')] as const,
            );
            const boundary = 'anchor-test';
            const body = `${[...fields, ['name', name] as const].map(([key, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`).join('')}--${boundary}--\r\n`;
            return site.request('/form', {
              method: 'POST',
              headers: {
                'content-type': `multipart/form-data; boundary=${boundary}`,
                origin: `http://${site.host}:${platform.edgePort}`,
              },
              body,
            });
          };
          const saved = await act('Ada');
          assert.equal(saved.status, 200, saved.body.slice(0, 500));
          assert.match(String(saved.headers['set-cookie']), /name=Ada/);
          assert.match((await site.request('/form', { headers: { cookie: 'name=Ada' } })).body, /name=Ada/);
          assert.ok(!(await everywhere('/stamp', 'stamp')).has(before));
          const redirected = await act('redirect');
          assert.equal(redirected.status, 303);
          assert.match(redirected.headers.location ?? '', /\/now\?from=action$/);
        },
      );
    });

    test('a rollback goes back to the version before, and forward again; a tab of that one keeps its server', async () => {
      const home = async () => {
        const { headers, body, status } = await site.request('/');
        assert.equal(status, 200);
        return {
          deployment: headers['x-anchor-deployment'],
          react: /react=([\d.]+)/.exec(body)?.[1] ?? assert.fail(body.slice(0, 500)),
        };
      };
      const mine = { name: version.name, deployment: site.live(), react: (await home()).react };
      const before = earlier.at(-1);
      earlier.push(mine);
      if (before === undefined) return;
      await site.rollback(before.deployment);
      assert.deepEqual(await home(), { deployment: before.deployment, react: before.react });
      assert.match((await site.request('/now?from=back')).body, /from=back/);
      await site.promote(mine.deployment);
      assert.deepEqual(await home(), { deployment: mine.deployment, react: mine.react });
      const tab = await site.request('/now?from=tab', { headers: { 'x-deployment-id': before.deployment } });
      assert.deepEqual([tab.status, tab.headers['x-anchor-deployment']], [200, before.deployment]);
      assert.match(tab.body, /from=tab/);
    });
  });
}
