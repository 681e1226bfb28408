import assert from 'node:assert/strict';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed({ memoryFileBytes: 64 * 1024 });
const CSS = 'body{color:red}'.repeat(200);
const BIG = Buffer.alloc(3 * 1024 * 1024, 'anchor');

before(async () => {
  await bed.start();
  const css = {
    ...bed.file(CSS, { type: 'text/css; charset=utf-8', immutable: true }),
    br: bed.put(brotliCompressSync(CSS)),
    gzip: bed.put(gzipSync(CSS)),
  };
  bed.site({
    framework: { name: 'static' },
    notFound: '/404.html',
    files: {
      '/index.html': bed.file('<h1>home</h1>'),
      '/about.html': bed.file('about'),
      '/docs/index.html': bed.file('docs'),
      '/404.html': bed.file('gone'),
      '/_next/static/a.css': css,
      '/big.bin': bed.file(BIG, { type: 'application/octet-stream' }),
      '/empty.txt': bed.file('', { type: 'text/plain' }),
      '/café/[slug].txt': bed.file('coffee', { type: 'text/plain' }),
      '/own.txt': bed.file('own', {
        type: 'text/plain',
        headers: { 'Cache-Control': 'public, max-age=60', 'Content-Length': '1' },
      }),
      '/lost.txt': bed.file('lost', { type: 'text/plain' }),
    },
  });
});
after(() => bed.stop());

test('a file is served with its type, a strong entity tag and its length', async () => {
  const reply = await bed.get('/index.html');
  assert.equal(reply.status, 200);
  assert.equal(reply.text, '<h1>home</h1>');
  assert.equal(reply.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(reply.headers.etag ?? '', /^"[0-9a-f]{32}"$/);
  assert.equal(reply.headers['content-length'], '13');
  assert.equal(reply.headers['cache-control'], 'public, max-age=0, must-revalidate');
  assert.equal(reply.headers['x-anchor-cache'], 'STATIC');
  assert.equal(reply.headers['x-anchor-deployment'], dpl(1));
  assert.match(String(reply.headers['x-request-id']), /^[0-9a-f-]{36}$/);
  assert.equal(reply.headers['server'], undefined);
});

test('hashed files are cached for a year', async () => {
  assert.equal((await bed.get('/_next/static/a.css')).headers['cache-control'], 'public, max-age=31536000, immutable');
});

test('the compressed bytes that the client prefers are sent, with a Vary header', async () => {
  for (const [accept, encoding] of [
    ['br, gzip', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.1', 'gzip'],
    ['identity', undefined],
  ] as const) {
    const reply = await bed.get('/_next/static/a.css', { headers: { 'accept-encoding': accept } });
    assert.equal(reply.headers['content-encoding'], encoding, accept);
    assert.equal(reply.headers.vary, 'accept-encoding');
    if (encoding === undefined) assert.equal(reply.text, CSS);
    else assert.ok(reply.body.length < CSS.length && Number(reply.headers['content-length']) === reply.body.length);
  }
});

test('each coding has its own entity tag, and a matching one gets 304 without a body', async () => {
  const plain = await bed.get('/_next/static/a.css');
  const brotli = await bed.get('/_next/static/a.css', { headers: { 'accept-encoding': 'br' } });
  assert.notEqual(plain.headers.etag, brotli.headers.etag);
  const second = await bed.get('/_next/static/a.css', {
    headers: { 'accept-encoding': 'br', 'if-none-match': `"x", W/${brotli.headers.etag}` },
  });
  assert.equal(second.status, 304);
  assert.equal(second.body.length, 0);
  assert.equal(second.headers.etag, brotli.headers.etag);
  assert.equal(second.headers.vary, 'accept-encoding');
  assert.equal(second.headers['cache-control'], plain.headers['cache-control']);
  assert.equal((await bed.get('/_next/static/a.css', { headers: { 'if-none-match': '"other"' } })).status, 200);
  assert.equal((await bed.get('/_next/static/a.css', { headers: { 'if-match': '"other"' } })).status, 412);
});

test('a range is served from memory and from disk alike', async () => {
  const small = await bed.get('/_next/static/a.css', { headers: { range: 'bytes=5-14', 'accept-encoding': 'br' } });
  assert.equal(small.status, 206);
  assert.equal(small.text, CSS.slice(5, 15));
  assert.equal(small.headers['content-range'], `bytes 5-14/${CSS.length}`);
  assert.equal(small.headers['content-length'], '10');
  const big = await bed.get('/big.bin', { headers: { range: 'bytes=-7' } });
  assert.deepEqual(big.body, BIG.subarray(-7));
  const middle = await bed.get('/big.bin', { headers: { range: `bytes=100000-2000000` } });
  assert.deepEqual(middle.body, BIG.subarray(100000, 2000001));
});

test('ranges outside are 416, several ranges are the whole, and If-Range guards a change', async () => {
  const outside = await bed.get('/index.html', { headers: { range: 'bytes=99-' } });
  assert.equal(outside.status, 416);
  assert.equal(outside.headers['content-range'], 'bytes */13');
  assert.equal((await bed.get('/index.html', { headers: { range: 'bytes=0-1,3-4' } })).status, 200);
  assert.equal((await bed.get('/index.html', { headers: { range: 'bytes=0-1', 'if-range': '"old"' } })).status, 200);
  const { etag } = (await bed.get('/index.html')).headers;
  assert.equal(
    (await bed.get('/index.html', { headers: { range: 'bytes=0-1', 'if-range': String(etag) } })).status,
    206,
  );
});

test('HEAD sends the headers of GET', async () => {
  for (const path of ['/index.html', '/big.bin', '/empty.txt']) {
    const [head, get] = [await bed.get(path, { method: 'HEAD' }), await bed.get(path)];
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
    assert.equal(Number(get.headers['content-length']), get.body.length);
  }
});

test('a big file arrives whole', async () => {
  assert.ok((await bed.get('/big.bin')).body.equals(BIG));
});

test('names are looked up decoded', async () => {
  assert.equal((await bed.get('/caf%C3%A9/%5Bslug%5D.txt')).text, 'coffee');
  assert.equal((await bed.get('/caf%C3%A9/[slug].txt')).text, 'coffee');
});

test('a build may set headers of a file, but not its framing', async () => {
  const reply = await bed.get('/own.txt');
  assert.equal(reply.headers['cache-control'], 'public, max-age=60');
  assert.equal(reply.text, 'own');
});

test('clean addresses find their page, with or without a folder', async () => {
  assert.equal((await bed.get('/')).text, '<h1>home</h1>');
  assert.equal((await bed.get('/about')).text, 'about');
  assert.equal((await bed.get('/docs')).text, 'docs');
  assert.equal((await bed.get('/docs/')).text, 'docs');
  const slash = await bed.get('/about/?a=1');
  assert.equal(slash.status, 308);
  assert.equal(slash.headers.location, '/about?a=1');
});

test('with trailing slashes the other spelling is redirected', async () => {
  bed.route(
    'slash.localhost',
    dpl(2),
    bed.artifact({ framework: { name: 'static' }, trailingSlash: true, files: { '/about.html': bed.file('about') } }),
  );
  const bare = await bed.get('/about', { host: 'slash.localhost' });
  assert.equal(bare.headers.location, '/about/');
  assert.equal((await bed.get('/about/', { host: 'slash.localhost' })).text, 'about');
});

test('a single-page application serves its shell for every page, but not for missing files', async () => {
  bed.route(
    'spa.localhost',
    dpl(3),
    bed.artifact({ framework: { name: 'spa' }, fallback: '/index.html', files: { '/index.html': bed.file('shell') } }),
  );
  assert.equal((await bed.get('/deep/link', { host: 'spa.localhost' })).text, 'shell');
  assert.equal((await bed.get('/assets/gone.js', { host: 'spa.localhost' })).status, 404);
});

test("what nothing matches is the site's own 404 page, also for names of object prototypes", async () => {
  for (const path of ['/nothing', '/__proto__', '/constructor', '/toString', '/hasOwnProperty', '/__proto__/x.html']) {
    const reply = await bed.get(path);
    assert.equal(reply.status, 404, path);
    assert.equal(reply.text, 'gone', path);
    assert.equal(reply.headers.etag, undefined);
  }
});

test('other methods are refused where there is no function', async () => {
  const reply = await bed.get('/index.html', { method: 'POST', body: 'x' });
  assert.equal(reply.status, 405);
  assert.equal(reply.headers.allow, 'GET, HEAD');
});

test('a file whose bytes are gone is 503 with a reason, not a hang', async () => {
  rmSync(join(bed.directory, bed.put('lost').blob));
  const reply = await bed.get('/lost.txt');
  assert.equal(reply.status, 503);
  assert.match(reply.text, /cannot be loaded/);
});

test('the access log has a line for every response', async () => {
  bed.log.length = 0;
  const reply = await bed.get('/about.html?token=secret', { headers: { 'user-agent': 'tester' } });
  const entry = bed.log[0];
  assert.equal(bed.log.length, 1);
  assert.deepEqual(
    { ...entry, at: 0, ms: 0 },
    {
      at: 0,
      ms: 0,
      requestId: reply.headers['x-request-id'],
      host: 'app.localhost',
      deploymentId: dpl(1),
      method: 'GET',
      path: '/about.html',
      status: 200,
      bytes: 5,
      cache: 'STATIC',
      userAgent: 'tester',
      ip: '127.0.0.1',
    },
  );
});
