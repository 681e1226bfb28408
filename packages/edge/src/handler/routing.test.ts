import assert from 'node:assert/strict';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
const TOKEN = '8425cdfe44ccd0cb7d125d57bbd8bc2f';

before(async () => {
  await bed.start();
  await bed.serve(dpl(1), (req, res) => {
    if (req.url === '/to-file')
      return void res
        .writeHead(200, { 'x-anchor-serve': '/robots.txt', 'x-from': 'middleware', 'set-cookie': ['a=1', 'b=2'] })
        .end();
    if (req.url === '/to-coffee')
      return void res.writeHead(200, { 'x-anchor-serve': encodeURI('/café 100%.txt') }).end();
    if (req.url === '/to-nothing') return void res.writeHead(200, { 'x-anchor-serve': '/../secret' }).end();
    res.end(`function ${req.method} ${req.url}`);
  });
  const page = {
    bypass: [[{ type: 'header' as const, key: 'next-action' }]],
    bypassToken: TOKEN,
    tags: ['_N_T_/p', 'post'],
  };
  bed.site({
    function: true,
    files: {
      '/robots.txt': bed.file('robots', { type: 'text/plain' }),
      '/admin/a.txt': bed.file('admin', { type: 'text/plain' }),
      '/pub/a.txt': bed.file('pub', { type: 'text/plain' }),
      '/404': bed.file('next 404'),
      '/café 100%.txt': bed.file('coffee'),
    },
    prerenders: {
      '/': bed.page('home', { ...page, tags: [], group: 9 }),
      '/index.rsc': bed.page('home rsc', { ...page, tags: [], group: 9 }),
      '/p': bed.page('p html', {
        ...page,
        headers: {
          'content-type': 'text/html',
          vary: 'rsc, next-router-prefetch',
          'x-nextjs-prerender': '1',
          'x-next-cache-tags': 'post',
        },
      }),
      '/p.rsc': bed.page('p rsc', { ...page, headers: { 'content-type': 'text/x-component' } }),
      '/p.segments/_tree.segment.rsc': bed.page('p tree', {
        ...page,
        tags: [],
        headers: { 'content-type': 'text/x-component' },
      }),
      '/admin': bed.page('admin page', page),
      '/isr': bed.page('isr', { ...page, revalidate: 5 }),
      '/ppr': bed.page('shell', { ...page, partial: true }),
      '/blog/a': bed.page('blog a', { ...page, tags: [], group: 7 }),
      '/moved': bed.page('', { ...page, status: 307, tags: [], group: 10, headers: { location: '/p?from=build' } }),
      '/teapot': bed.page('short and stout', { ...page, status: 418, tags: [], group: 8 }),
    },
    routing: {
      beforeMiddleware: [
        {
          sourceRegex: '^(?:\\/((?:[^\\/]+?)(?:\\/(?:[^\\/]+?))*))\\/$',
          headers: { Location: '/$1' },
          status: 308,
          priority: true,
        },
        { sourceRegex: '^\\/old\\/(?<id>[^/]+)$', headers: { Location: '/new/$id?from=old' }, status: 307 },
        {
          sourceRegex: '^\\/away$',
          headers: { Location: '/$who' },
          status: 307,
          has: [{ type: 'query', key: 'who', value: '(?<who>[a-z]+)' }],
        },
        { sourceRegex: '^\\/pub\\/', headers: { 'X-Pub': 'yes', 'content-length': '1' } },
        {
          sourceRegex: '^\\/guest$',
          headers: { Location: '/p', 'X-Guest': '$guest' },
          status: 307,
          has: [{ type: 'cookie', key: 'guest' }],
        },
        {
          sourceRegex: '^\\/pub\\/',
          headers: { 'X-Bot': 'yes' },
          has: [{ type: 'header', key: 'user-agent', value: '.*bot.*' }],
        },
      ],
      middlewareMatchers: [
        { sourceRegex: '^/admin(?:/.*)?$' },
        { sourceRegex: '^/teapot$', missing: [{ type: 'cookie', key: 'seen' }] },
      ],
      beforeFiles: [
        {
          sourceRegex: '^/robots\\.txt$',
          destination: '/api/robots',
          has: [{ type: 'host', value: 'shop.localhost' }],
        },
      ],
      afterFiles: [{ sourceRegex: '^/blog/', destination: '/other' }],
      onMatch: [{ sourceRegex: '/robots', headers: { 'cache-control': 'public, max-age=7' } }],
    },
  });
});
after(() => bed.stop());

const text = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
  (await bed.get(path, { headers })).text;

test('a prerendered page is served without the function and reports a cache hit', async () => {
  const reply = await bed.get('/p?utm=1');
  assert.equal(reply.text, 'p html');
  assert.equal(reply.headers['x-anchor-cache'], 'HIT');
  assert.equal(reply.headers['x-nextjs-cache'], 'HIT');
  assert.equal(reply.headers.vary, 'rsc, next-router-prefetch');
  assert.equal(reply.headers['x-next-cache-tags'], undefined);
  assert.equal(await text('/'), 'home');
});

test('a redirect with a captured header value that cannot be sent is left to the function', async () => {
  assert.equal((await bed.get('/guest', { headers: { cookie: 'guest=ada' } })).headers['x-guest'], 'ada');
  for (const value of ['%0d%0aset-cookie:%20evil=1', 'a%00b', '%e2%82%ac']) {
    const sent = await bed.get('/guest', { headers: { cookie: `guest=${value}` } });
    assert.deepEqual([sent.status, sent.headers['set-cookie'], sent.text], [200, undefined, 'function GET /guest']);
  }
});

test('a page that was rendered as a redirect leads to its location', async () => {
  const reply = await bed.get('/moved');
  assert.equal(reply.status, 307);
  assert.equal(reply.headers.location, '/p?from=build');
});

test('RSC requests get the payload or segment that their headers name', async () => {
  assert.equal(await text('/p?_rsc=abc', { rsc: '1' }), 'p rsc');
  assert.equal(await text('/?_rsc=abc', { rsc: '1' }), 'home rsc');
  assert.equal(
    await text('/p?_rsc=abc', { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' }),
    'p tree',
  );
});

test('RSC requests that only Next understands go to the function', async () => {
  assert.match(await text('/p', { rsc: '1' }), /^function/);
  assert.match(await text('/p?_rsc=a', { rsc: '1', 'next-router-prefetch': '2' }), /^function/);
  assert.match(
    await text('/p?_rsc=a', { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/gone' }),
    /^function/,
  );
  assert.match(
    await text('/p?_rsc=a', { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/../../_tree' }),
    /^function/,
  );
});

test('draft mode, actions, revalidation, time-based and partial pages go to the function', async () => {
  assert.match(await text('/p', { cookie: `__prerender_bypass=${TOKEN}` }), /^function/);
  assert.equal(await text('/p', { cookie: '__prerender_bypass=guessed' }), 'p html');
  assert.match(await text('/p', { 'next-action': 'x' }), /^function/);
  assert.match(await text('/p', { 'x-prerender-revalidate': TOKEN }), /^function/);
  assert.match(await text('/isr'), /^function/);
  assert.match(await text('/ppr'), /^function/);
  assert.match((await bed.get('/p', { method: 'POST', body: 'x' })).text, /^function POST/);
});

test('a page whose tag was invalidated goes to the function from the next request on, its segments too', async () => {
  const log = join(bed.directory, `${dpl(1)}.tags`);
  try {
    appendFileSync(log, '{"tag":"other","at":1}\n{"tag":"po');
    assert.equal(await text('/p'), 'p html');
    appendFileSync(log, 'st","at":2}\nnot json\n');
    assert.match(await text('/p'), /^function/);
    assert.match(
      await text('/p?_rsc=abc', { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' }),
      /^function/,
    );
    assert.equal(await text('/'), 'home');
  } finally {
    rmSync(log);
  }
  assert.equal(await text('/p'), 'p html', 'a log that restarts clears earlier entries');
});

test('where middleware matches, the function decides, however the path is spelled', async () => {
  for (const path of ['/admin', '/ADMIN', '/%61dmin', '/admin/a.txt', '/adm%69n/a.txt'])
    assert.match(await text(path), /^function/, path);
  assert.match(await text('/teapot'), /^function/);
  const seen = await bed.get('/teapot', { headers: { cookie: 'seen=1' } });
  assert.equal(seen.text, 'short and stout');
  assert.equal(seen.status, 418);
});

test('redirects are sent by the edge, with the query preserved', async () => {
  const reply = await bed.get('/pub/x/?a=1');
  assert.equal(reply.status, 308);
  assert.equal(reply.headers.location, '/pub/x?a=1');
  assert.equal((await bed.get('/old/7?a=1&from=me')).headers.location, '/new/7?from=old&a=1');
  assert.equal((await bed.get('/away?who=bob')).headers.location, '/bob?who=bob');
  assert.match(await text('/away'), /^function/);
});

test("rewrites before files and after files are the function's", async () => {
  assert.equal(await text('/robots.txt'), 'robots');
  bed.route('shop.localhost', dpl(1), bed.routes.get('app.localhost')!.artifact);
  assert.match((await bed.get('/robots.txt', { host: 'shop.localhost' })).text, /^function/);
  assert.match(await text('/blog/a'), /^function/);
});

test('header rules apply to files, with their conditions', async () => {
  assert.equal((await bed.get('/robots.txt')).headers['cache-control'], 'public, max-age=7');
  const plain = await bed.get('/pub/a.txt');
  assert.equal(plain.headers['x-pub'], 'yes');
  assert.equal(plain.headers['x-bot'], undefined);
  assert.equal(plain.text, 'pub');
  assert.equal((await bed.get('/pub/a.txt', { headers: { 'user-agent': 'a bot b' } })).headers['x-bot'], 'yes');
});

test('a function may respond with a file of the deployment', async () => {
  const reply = await bed.get('/to-file');
  assert.equal(reply.text, 'robots');
  assert.equal(reply.headers['x-from'], 'middleware');
  assert.deepEqual(reply.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(reply.headers['content-type'], 'text/plain');
  assert.equal(reply.headers['x-anchor-serve'], undefined);
  assert.equal(await text('/to-coffee'), 'coffee');
  assert.equal((await bed.get('/to-nothing')).status, 404);
  const known = await bed.get('/to-file', { headers: { 'if-none-match': String(reply.headers.etag) } });
  assert.equal(known.status, 304);
});

test("Next's own error pages and unknown hashed files", async () => {
  assert.match(await text('/404'), /^function/);
  assert.equal((await bed.get('/_next/static/gone.js')).status, 404);
  assert.match(await text('/unknown'), /^function/);
});

test('a site with a rule that is no expression leaves everything to the function', async () => {
  bed.route(
    'odd.localhost',
    dpl(1),
    bed.artifact({
      function: true,
      files: { '/a.txt': bed.file('a') },
      routing: { beforeMiddleware: [], middlewareMatchers: [{ sourceRegex: '(' }], beforeFiles: [], onMatch: [] },
    }),
  );
  assert.match((await bed.get('/a.txt', { host: 'odd.localhost' })).text, /^function/);
});
