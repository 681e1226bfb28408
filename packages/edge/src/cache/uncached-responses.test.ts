import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';
import { testProtocol } from '../testing/test-request.ts';
import { type Page, bed, pages, entry, count } from './fixtures/rendered-pages.ts';

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
