import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';
import { testProtocol } from '../testing/test-request.ts';

/** The function's next responses by path; a page names the data it was rendered from. */
type Page = {
  text: string;
  status?: number;
  headers?: Record<string, string | string[]>;
  made?: object;
  delay?: Promise<void>;
};
const bed = new TestBed();
const pages = new Map<string, Page>();
const requests: { path: string; refresh: boolean; headers: IncomingHttpHeaders }[] = [];

const entry = (group: string, changes: object = {}): object => ({
  g: group,
  m: Date.now(),
  r: 60,
  e: 3600,
  t: [`tag-${group}`],
  ...changes,
});
const count = (path: string): number => requests.filter((one) => one.path === path).length;

before(async () => {
  await bed.start();
  bed.site({
    function: true,
    prerenders: {
      '/built': bed.page('built html', {
        headers: { 'content-type': 'text/html', 'x-nextjs-prerender': '1' },
        revalidate: 60,
        expire: 3600,
        tags: ['built'],
        group: 1,
        bypassToken: 'secret',
      }),
      '/built.rsc': bed.page('built rsc', {
        headers: { 'content-type': 'text/x-component' },
        revalidate: 60,
        tags: ['built'],
        group: 1,
      }),
      '/aged': bed.page('aged', { revalidate: 1, group: 2 }),
      '/over': bed.page('over', { revalidate: 1, expire: 2, group: 3 }),
    },
    builtAt: Date.now() - 10_000,
    routing: {
      beforeMiddleware: [
        { sourceRegex: '^/ruled$', headers: { 'x-for-some': 'yes' }, has: [{ type: 'header', key: 'x-ask' }] },
      ],
      middlewareMatchers: [{ sourceRegex: '^/guarded$' }],
      beforeFiles: [],
      afterFiles: [{ sourceRegex: '^/rewritten$', destination: '/x' }],
      onMatch: [],
    },
  });
  await bed.serve(dpl(1), (req, res: ServerResponse) => {
    const path = (req.url ?? '').split('?')[0] ?? '';
    requests.push({ path, refresh: req.headers['x-anchor-refresh'] !== undefined, headers: req.headers });
    const page = pages.get(path) ?? { text: 'from the function' };
    const response = (): void => {
      for (const [name, value] of Object.entries(page.headers ?? {})) res.setHeader(name, value);
      if (page.made !== undefined) res.setHeader('x-anchor-entry', JSON.stringify(page.made));
      if (page.made !== undefined && !res.hasHeader('x-nextjs-cache')) res.setHeader('x-nextjs-cache', 'HIT');
      res.writeHead(page.status ?? 200);
      res.end(page.text);
    };
    if (page.delay === undefined) response();
    else void page.delay.then(response, response);
  });
});
after(() => bed.stop());
beforeEach(() => {
  requests.length = 0;
});
const purge = (tag: string, more: object = {}): void =>
  appendFileSync(join(bed.directory, `${dpl(1)}.tags`), `${JSON.stringify({ tag, at: Date.now() + 0.5, ...more })}\n`);

test('a page that a function rendered is served by the edge, with a hit in its header', async () => {
  pages.set('/p', {
    text: 'first',
    headers: {
      'content-type': 'text/html',
      'cache-control': 's-maxage=60, stale-while-revalidate=9',
      'x-own': '1',
      link: ['</a>', '</b>'],
      'x-nextjs-cache': 'MISS',
    },
    made: entry('/p'),
  });
  const first = await bed.get('/p');
  assert.deepEqual(
    [first.text, first.headers['x-nextjs-cache'], first.headers['x-anchor-entry']],
    ['first', 'MISS', undefined],
  );
  const second = await bed.get('/p?any=query');
  assert.deepEqual(
    [
      second.text,
      second.headers['x-nextjs-cache'],
      second.headers['x-anchor-cache'],
      second.headers['x-own'],
      second.headers['link'],
    ],
    ['first', 'HIT', 'HIT', '1', '</a>, </b>'],
  );
  assert.equal(second.headers['cache-control'], 'public, max-age=0, must-revalidate');
  assert.equal(count('/p'), 1);
  const known = await bed.get('/p', { headers: { 'if-none-match': String(second.headers['etag']) } });
  assert.equal(known.status, 304);
  const part = await bed.get('/p', { headers: { range: 'bytes=1-2' } });
  assert.deepEqual([part.status, part.text], [206, 'ir']);
  assert.equal((await bed.get('/p', { method: 'HEAD' })).headers['content-length'], '5');
});

test('a stale page is served at once while one request revalidates it, then the new one is served', async () => {
  pages.set('/s', { text: 'old', made: entry('/s', { m: Date.now() - 61_000 }) });
  await bed.get('/s');
  let release = (): void => undefined;
  pages.set('/s', { text: 'new', made: entry('/s'), delay: new Promise((resolve) => (release = resolve)) });
  for (const reply of await Promise.all(Array.from({ length: 10 }, () => bed.get('/s')))) {
    assert.deepEqual(
      [reply.text, reply.headers['x-nextjs-cache'], reply.headers['x-anchor-cache']],
      ['old', 'STALE', 'STALE'],
    );
  }
  await eventually(() => count('/s') === 2);
  assert.ok(requests.at(-1)?.refresh === true && requests.at(-1)?.headers.cookie === undefined);
  release();
  let last = '';
  while (last !== 'new') last = (await bed.get('/s')).text;
  assert.equal(count('/s'), 2);
});

test('a page whose revalidation fails keeps its stored version, and is not retried at once', async () => {
  pages.set('/f', { text: 'good', made: entry('/f', { m: Date.now() - 61_000 }) });
  await bed.get('/f');
  pages.set('/f', { text: 'broken', status: 500 });
  await bed.get('/f');
  await eventually(() => count('/f') === 2);
  for (let i = 0; i < 5; i++) assert.equal((await bed.get('/f')).text, 'good');
  assert.equal(count('/f'), 2);
});

test('a page that another process revalidates is requested again soon', async () => {
  pages.set('/h', { text: 'old', made: entry('/h', { m: Date.now() - 61_000 }) });
  await bed.get('/h');
  pages.set('/h', {
    text: 'old',
    headers: { 'x-nextjs-cache': 'STALE' },
    made: entry('/h', { m: Date.now() - 61_000 }),
  });
  await bed.get('/h');
  await eventually(() => count('/h') === 2);
  for (let i = 0; i < 5; i++) await bed.get('/h');
  assert.equal(count('/h'), 2);
  pages.set('/h', { text: 'new', made: entry('/h') });
  const before = performance.now();
  while ((await bed.get('/h')).text !== 'new')
    assert.ok(performance.now() - before < 2_500, 'as long as after a failure');
});

test('an expired page is not served while it is revalidated', async () => {
  pages.set('/e', { text: 'old', made: entry('/e', { m: Date.now() - 4_000_000 }) });
  await bed.get('/e');
  pages.set('/e', { text: 'new', made: entry('/e') });
  assert.equal((await bed.get('/e')).text, 'new');
});

test('a tag ends every part of a page at once; with a profile it is stale', async () => {
  pages.set('/t', { text: 'html', made: entry('/t') });
  await bed.get('/t');
  await bed.get('/t?_rsc=1', { headers: { rsc: '1' } });
  assert.equal((await bed.get('/t')).headers['x-nextjs-cache'], 'HIT');
  assert.equal(count('/t'), 2);
  purge('tag-/t');
  await bed.get('/t');
  await bed.get('/t?_rsc=1', { headers: { rsc: '1' } });
  assert.equal(count('/t'), 4);
  purge('_A_G_/u');
  pages.set('/u', { text: 'u', made: entry('/u', { m: Date.now() - 1000 }) });
  for (let i = 0; i < 2; i++) await bed.get('/u');
  assert.equal(count('/u'), 2, 'what is older than the newest version of its page is not used');
  pages.set('/v', { text: 'v', made: entry('/v', { m: Date.now() - 1000 }) });
  await bed.get('/v');
  purge('tag-/v', { expires: null });
  assert.equal((await bed.get('/v')).headers['x-nextjs-cache'], 'STALE');
});

test('"not found" and redirects are cached, with their status and location', async () => {
  pages.set('/gone', { text: 'nothing', status: 404, made: entry('/gone') });
  pages.set('/moved', { text: '', status: 307, headers: { location: '/p' }, made: entry('/moved') });
  for (const [path, status] of [
    ['/gone', 404],
    ['/moved', 307],
  ] as const) {
    for (let i = 0; i < 3; i++) assert.equal((await bed.get(path)).status, status);
    assert.equal(count(path), 1);
  }
  assert.equal((await bed.get('/moved')).headers.location, '/p');
});

test('private responses, errors and those without cache headers are never cached', async () => {
  const never: Record<string, Page> = {
    '/n1': { text: 'x', headers: { 'set-cookie': 'a=1' }, made: entry('/n1') },
    '/n2': { text: 'x', headers: { 'cache-control': 'private, no-store' }, made: entry('/n2') },
    '/n3': { text: 'x', status: 500, made: entry('/n3') },
    '/n4': { text: 'x' },
    '/n5': { text: 'x', headers: { vary: 'cookie' }, made: entry('/n5') },
    '/n6': { text: 'x', headers: { 'content-encoding': 'br' }, made: entry('/n6') },
    '/n7': { text: 'x'.repeat(5 << 20), made: entry('/n7') },
    '/guarded': { text: 'x', made: entry('/guarded') },
    '/rewritten': { text: 'x', made: entry('/rewritten') },
  };
  for (const [path, page] of Object.entries(never)) {
    pages.set(path, page);
    for (let i = 0; i < 2; i++) await bed.get(path);
    assert.equal(count(path), 2, path);
  }
});

test('drafts, actions and revalidations on demand neither get cached pages nor store any', async () => {
  pages.set('/d', { text: 'draft', made: entry('/d') });
  const ways = [
    { cookie: '__prerender_bypass=secret' },
    { 'next-action': 'x' },
    { 'x-prerender-revalidate': 'secret' },
  ];
  for (const headers of ways) await bed.get('/d', { headers });
  assert.equal(count('/d'), 3);
  pages.set('/d', { text: 'page', made: entry('/d') });
  assert.equal((await bed.get('/d')).text, 'page');
  for (const headers of ways) await bed.get('/d', { headers });
  assert.equal(count('/d'), 7);
  assert.equal(
    (await bed.get('/d', { headers: { cookie: '__prerender_bypass=guessed' } })).headers['x-anchor-cache'],
    'HIT',
  );
});

test('a header that a rule adds under a condition is on no other response', async () => {
  pages.set('/ruled', { text: 'x', headers: { 'x-for-some': 'yes' }, made: entry('/ruled') });
  await bed.get('/ruled', { headers: { 'x-ask': '1' } });
  assert.equal((await bed.get('/ruled')).headers['x-for-some'], undefined);
  assert.equal((await bed.get('/ruled', { headers: { 'x-ask': '1' } })).headers['x-for-some'], 'yes');
  assert.equal(count('/ruled'), 1);
});

test("pages of the build with a lifetime are the edge's until a newer version is known", async () => {
  assert.deepEqual(
    [(await bed.get('/built')).text, (await bed.get('/built')).headers['x-nextjs-cache']],
    ['built html', 'HIT'],
  );
  assert.equal(count('/built'), 0);
  pages.set('/aged', { text: 'new', made: entry('/aged') });
  const stale = await bed.get('/aged');
  assert.deepEqual([stale.text, stale.headers['x-nextjs-cache']], ['aged', 'STALE']);
  let last = '';
  while (last !== 'new') last = (await bed.get('/aged')).text;
  pages.set('/over', { text: 'new', made: entry('/over') });
  assert.equal((await bed.get('/over')).text, 'new');
  pages.set('/built', { text: 'newer', made: entry('/built') });
  await bed.get('/built', { headers: { 'next-action': 'x' } });
  purge('built');
  assert.equal((await bed.get('/built')).text, 'newer');
  assert.equal((await bed.get('/built?_rsc=1', { headers: { rsc: '1' } })).text, 'newer');
});

test('a page that is requested again is compressed for the clients that accept that coding', async () => {
  const text = 'a page of some length, '.repeat(200);
  pages.set('/long', { text, headers: { 'content-type': 'text/html' }, made: entry('/long') });
  await bed.get('/long');
  let coded = await bed.get('/long', { headers: { 'accept-encoding': 'br' } });
  while (coded.headers['content-encoding'] === undefined)
    coded = await bed.get('/long', { headers: { 'accept-encoding': 'br' } });
  assert.equal(brotliDecompressSync(coded.body).toString(), text);
  assert.equal(coded.headers['vary'], 'accept-encoding');
  const zipped = await bed.get('/long', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(gunzipSync(zipped.body).toString(), text);
  const plain = await bed.get('/long');
  assert.equal(plain.text, text);
  assert.equal(new Set([coded, zipped, plain].map(({ headers }) => headers['etag'])).size, 3);
  assert.equal(count('/long'), 1);
});

test('a response that ends early is not stored', async () => {
  await bed.serve(dpl(3), (_, res) => {
    res.writeHead(200, {
      'content-length': '100',
      'x-anchor-entry': JSON.stringify(entry('/cut')),
      'x-nextjs-cache': 'MISS',
    });
    res.write('half');
    setImmediate(() => res.destroy());
  });
  bed.route('cut.localhost', dpl(3), bed.artifact({ function: true }));
  for (let i = 0; i < 2; i++) await assert.rejects(bed.get('/cut', { host: 'cut.localhost' }));
});

test('a client that lists headers as hop-by-hop, or requests an RSC payload as a page, changes nothing for others', async () => {
  pages.set('/hidden', { text: 'html', headers: { 'content-type': 'text/html' }, made: entry('/hidden') });
  if (!testProtocol.http2) {
    await bed.get('/hidden?_rsc=1', { headers: { rsc: '1', connection: 'close, rsc' } });
    pages.set('/hidden', { text: 'payload', headers: { 'content-type': 'text/x-component' }, made: entry('/hidden') });
    assert.equal((await bed.get('/hidden?_rsc=1', { headers: { rsc: '1' } })).text, 'payload');
  }

  pages.set('/slug.rsc', { text: 'page of the slug "slug.rsc"', made: entry('/slug.rsc') });
  await bed.get('/slug.rsc');
  pages.set('/slug', { text: 'payload', made: entry('/slug') });
  assert.equal((await bed.get('/slug?_rsc=1', { headers: { rsc: '1' } })).text, 'payload');
});

test('a refresh that dribbles without end is given up', { timeout: 10_000 }, async () => {
  const hasty = new TestBed({ timeoutMs: 200 });
  await hasty.start();
  try {
    hasty.site({
      function: true,
      builtAt: Date.now() - 10_000,
      prerenders: { '/old': hasty.page('old', { revalidate: 1 }) },
    });
    let given = false;
    await hasty.serve(dpl(1), (_, res) => {
      const timer = setInterval(() => res.write('.'), 50);
      res.on('close', () => {
        clearInterval(timer);
        given = true;
      });
    });
    assert.equal((await hasty.get('/old')).text, 'old');
    await eventually(() => given);
  } finally {
    await hasty.stop();
  }
});

test('rules that test the public host see it as the function does', async () => {
  bed.route('one.localhost', dpl(1), FORWARDED());
  bed.route('two.localhost', dpl(1), FORWARDED());
  pages.set('/home', { text: 'rewritten to the front page of one' });
  assert.equal((await bed.get('/home', { host: 'two.localhost' })).text, 'home of all');
  assert.equal((await bed.get('/home', { host: 'one.localhost' })).text, 'rewritten to the front page of one');
  assert.equal(
    (await bed.get('/home', { host: 'two.localhost', headers: { 'x-forwarded-host': 'one.localhost' } })).text,
    'home of all',
  );
});
const FORWARDED = (): string =>
  bed.artifact({
    function: true,
    builtAt: Date.now(),
    prerenders: { '/home': bed.page('home of all') },
    routing: {
      beforeMiddleware: [],
      middlewareMatchers: [],
      afterFiles: [],
      onMatch: [],
      beforeFiles: [
        {
          sourceRegex: '^/home$',
          destination: '/one',
          has: [{ type: 'header', key: 'x-forwarded-host', value: 'one.localhost' }],
        },
      ],
    },
  });

test("platform headers of a server without the platform's runtime are not trusted", async () => {
  for (const http1FastPath of [true, false]) {
    const other = await new TestBed({ http1FastPath }).start();
    try {
      other.site({ function: 'server', files: { '/guarded.txt': other.file('guarded') } });
      await other.serve(dpl(1), (req, res) => {
        res.setHeader('x-anchor-entry', JSON.stringify(entry('/page')));
        res.setHeader('x-nextjs-cache', 'HIT');
        if (req.url === '/order') res.setHeader('x-anchor-serve', '/guarded.txt');
        res.end(`for ${req.headers.cookie ?? 'no user'}`);
      });
      assert.equal((await other.get('/page', { headers: { cookie: 'a' } })).text, 'for a');
      assert.equal((await other.get('/page')).text, 'for no user');
      assert.equal((await other.get('/order')).text, 'for no user');
      assert.equal((await other.get('/order', { method: 'POST', body: 'x' })).text, 'for no user');
    } finally {
      await other.stop();
    }
  }
});
