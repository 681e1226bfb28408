import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { dpl } from '../testing/test-bed.ts';
import { bed, pages, entry, count, purge } from './fixtures/rendered-pages.ts';

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
