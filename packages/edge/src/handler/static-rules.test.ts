import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { siteRules } from '@anchor/packaging/site-rules/site-rules.ts';
import type { VercelJson } from '@anchor/packaging/site-rules/vercel-json.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';

const APP: VercelJson = {
  cleanUrls: true,
  trailingSlash: false,
  redirects: [
    { source: '/old/:slug*', destination: '/new/:slug*' },
    { source: '/docs/:page(\\d+)', destination: 'https://docs.example.com:8443/p/:page?from=site', permanent: false },
    { source: '/me', destination: '/u/:user', has: [{ type: 'cookie', key: 'user' }], statusCode: 303 },
    { source: '/only-de', destination: '/de', missing: [{ type: 'header', key: 'x-lang', value: 'en' }] },
  ],
  rewrites: [
    { source: '/app/:path*', destination: '/app/index.html' },
    { source: '/u/:name', destination: '/users/:name.html' },
    { source: '/both', destination: '/missing.html' },
    { source: '/both', destination: '/about' },
    { source: '/q', destination: '/about', has: [{ type: 'query', key: 'yes' }] },
    { source: '/tenant', destination: '/tenants/:sub.html', has: [{ type: 'host', value: '(?<sub>[a-z]+)\\..*' }] },
  ],
  headers: [
    { source: '/(.*)', headers: [{ key: 'X-Frame-Options', value: 'DENY' }] },
    { source: '/assets/:file', headers: [{ key: 'X-File', value: ':file' }] },
  ],
};

const bed = new TestBed();
before(async () => {
  await bed.start();
  const rules = siteRules(APP);
  assert.ok(rules.ok);
  bed.site({
    framework: { name: 'static' },
    trailingSlash: rules.value.trailingSlash,
    routing: rules.value.routing,
    notFound: '/404.html',
    files: {
      '/index.html': bed.file('home'),
      '/about.html': bed.file('about'),
      '/guide/index.html': bed.file('guide'),
      '/app/index.html': bed.file('app'),
      '/app/main.js': bed.file('main', { type: 'text/javascript' }),
      '/users/ada.html': bed.file('ada'),
      '/tenants/shop.html': bed.file('tenant'),
      '/assets/a.css': bed.file('css', { type: 'text/css' }),
      '/404.html': bed.file('gone'),
    },
  });
});
after(() => bed.stop());

const redirects: readonly (readonly [string, number, string])[] = [
  ['/old/a/b?x=1', 308, '/new/a/b?x=1'],
  ['/docs/12', 307, 'https://docs.example.com:8443/p/12?from=site'],
  ['/about.html', 308, '/about'],
  ['/about.html?a=b', 308, '/about?a=b'],
  ['/index.html', 308, '/'],
  ['/guide/index', 308, '/guide'],
  ['/guide/', 308, '/guide'],
  ['/about/', 308, '/about'],
];
for (const [path, status, location] of redirects)
  test(`${path} is redirected to ${location}`, async () => {
    const reply = await bed.get(path);
    assert.deepEqual([reply.status, reply.headers.location], [status, location]);
  });

test('a condition decides a redirect and fills its target', async () => {
  const reply = await bed.get('/me', { headers: { cookie: 'user=ada' } });
  assert.deepEqual([reply.status, reply.headers.location], [303, '/u/ada']);
  assert.equal((await bed.get('/me')).status, 404);
  assert.equal((await bed.get('/only-de')).headers.location, '/de');
  assert.equal((await bed.get('/only-de', { headers: { 'x-lang': 'en' } })).status, 404);
});

const pages: readonly (readonly [string, string])[] = [
  ['/', 'home'],
  ['/about', 'about'],
  ['/guide', 'guide'],
  ['/app/deep/link.v2', 'app'],
  ['/app/main.js', 'main'],
  ['/u/ada', 'ada'],
  ['/u/%61da', 'ada'],
  ['/both', 'about'],
  ['/q?yes=1', 'about'],
];
for (const [path, text] of pages)
  test(`${path} is the file ${text}`, async () => {
    const reply = await bed.get(path);
    assert.deepEqual([reply.status, reply.text], [200, text]);
    assert.equal(reply.headers['x-frame-options'], 'DENY');
  });

test('a path that no rewrite leads to a file is not found, and rewrites reach no file outside the site', async () => {
  for (const path of ['/u/nobody', '/u/a%2fb', '/q', '/tenant']) {
    const { status, text } = await bed.get(path);
    assert.deepEqual([path, status, text], [path, 404, 'gone']);
  }
  for (const path of ['/u/..%2f..%2fetc%2fpasswd', '/u/%2e%2e']) assert.equal((await bed.get(path)).status, 400);
});

test('headers are set with what the path captures', async () => {
  const reply = await bed.get('/assets/a.css');
  assert.equal(reply.headers['x-file'], 'a.css');
  assert.equal(reply.headers['x-frame-options'], 'DENY');
});

test('with trailingSlash a page whose name has a dot is served under one spelling, and redirects never loop', async () => {
  const rules = siteRules({ cleanUrls: true, trailingSlash: true });
  assert.ok(rules.ok);
  const files = ['/v1.2.html', '/guide.v2/index.html', '/about.html', '/docs/index.html', '/a.b-c.html'];
  const host = 'dotted.localhost';
  bed.route(
    host,
    dpl(2),
    bed.artifact({
      framework: { name: 'static' },
      trailingSlash: true,
      routing: rules.value.routing,
      files: Object.fromEntries(files.map((file) => [file, bed.file(file)])),
    }),
  );
  for (const file of files) {
    const page = file.replace(/(?:\/index)?\.html$/, '');
    for (const spelling of [page, `${page}/`, file, `${page}/index`]) {
      let path = spelling;
      let reply = await bed.get(path, { host });
      for (let hops = 0; reply.status === 308; hops++) {
        assert.ok(hops < 4, `${spelling} leads to ${path} again`);
        path = String(reply.headers.location);
        reply = await bed.get(path, { host });
      }
      assert.deepEqual([spelling, reply.status, reply.text], [spelling, 200, file]);
    }
  }
});
