import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dpl, TestBed } from '../testing/test-bed.ts';

const bed = new TestBed();
let renders = 0;
let age = 0;
let lifetime = 60;
/** An image is generated once, however often it is requested. */
const at = Date.now();

before(async () => {
  await bed.start();
  bed.site({ function: true, imagePath: '/_next/image' });
  await bed.serve(dpl(1), (req, res) => {
    const query = new URLSearchParams(req.url?.split('?')[1]);
    if (query.get('w') !== '64') return void res.writeHead(400).end('"w" parameter (width) is not allowed');
    const type =
      req.headers.accept?.includes('image/avif') === true
        ? 'avif'
        : req.headers.accept?.includes('image/webp') === true
          ? 'webp'
          : 'png';
    if (req.headers['x-anchor-refresh'] !== undefined) age = -1;
    const entry = { g: `image ${query.get('url')} ${type}`, m: at - age * 1000, r: lifetime, t: [] };
    res.writeHead(200, {
      'content-type': `image/${type}`,
      vary: 'Accept',
      'cache-control': `public, max-age=${lifetime}, must-revalidate`,
      etag: 'unquoted',
      'x-nextjs-cache': age > lifetime ? 'STALE' : 'HIT',
      'x-anchor-entry': JSON.stringify(entry),
      'content-security-policy': "script-src 'none'",
    });
    res.end(`${type} number ${++renders}`);
  });
});
after(() => bed.stop());

const CHROME = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
const image = (url: string, accept = CHROME, more = '') =>
  bed.get(`/_next/image?url=${encodeURIComponent(url)}&w=64&q=75${more}`, { headers: { accept } });

test('an optimized image is the edge\'s from the second request on, whole, in parts, and as "not modified"', async () => {
  const first = await image('/a.png');
  const second = await image('/a.png');
  assert.equal(second.text, first.text);
  assert.deepEqual(
    [
      second.headers['x-anchor-cache'],
      second.headers['x-nextjs-cache'],
      second.headers['content-type'],
      second.headers['content-security-policy'],
      second.headers['cache-control'],
    ],
    ['HIT', 'HIT', 'image/avif', "script-src 'none'", 'public, max-age=60, must-revalidate'],
  );
  assert.match(String(second.headers.vary), /accept/i);
  const { etag } = second.headers;
  assert.ok(etag !== undefined);
  assert.equal(
    (await bed.get('/_next/image?url=%2Fa.png&w=64&q=75', { headers: { accept: CHROME, 'if-none-match': etag } }))
      .status,
    304,
  );
  const part = await bed.get('/_next/image?url=%2Fa.png&w=64&q=75', {
    headers: { accept: CHROME, range: 'bytes=0-3' },
  });
  assert.deepEqual([part.status, part.text], [206, 'avif']);
  assert.equal(
    (await bed.get('/_next/image?url=%2Fa.png&w=64&q=75', { method: 'HEAD', headers: { accept: CHROME } })).headers[
      'content-type'
    ],
    'image/avif',
  );
});

test('each set of accepted types has its own, whatever else a client accepts', async () => {
  const texts = new Map<string, string>();
  for (const accept of [CHROME, 'image/webp,*/*', '*/*', 'text/html', 'image/webp;q=0.1,*/*'])
    texts.set(accept, (await image('/b.png', accept)).text);
  for (const [accept, text] of texts) assert.equal((await image('/b.png', accept)).text, text, accept);
  assert.match(texts.get('image/webp,*/*') ?? '', /^webp/);
  assert.match(texts.get('*/*') ?? '', /^png/);
  assert.equal((await image('/b.png', 'image/avif,image/webp,image/png,image/*,*/*;q=0.8')).text, texts.get(CHROME));
  assert.notEqual(texts.get('text/html'), texts.get('*/*'));
});

test('other parameters, duplicate parameters and refusals go to the function', async () => {
  const known = await image('/c.png');
  for (const more of ['&x=1', '&w=64', '&url=%2Fd.png'])
    assert.notEqual((await image('/c.png', CHROME, more)).text, known.text, more);
  assert.equal((await image('/c.png', CHROME, `&dpl=${dpl(1)}`)).text, known.text);
  for (let i = 0; i < 2; i++) assert.equal((await bed.get('/_next/image?url=%2Fc.png&w=65&q=75')).status, 400);
});

test('an expired image is served once more at once and regenerated in the background', async () => {
  lifetime = 1;
  age = 30;
  await image('/old.png');
  const stale = await image('/old.png');
  assert.equal(stale.headers['x-anchor-cache'], 'STALE');
  lifetime = 600;
  for (let tries = 0; ; tries++) {
    const fresh = await image('/old.png');
    if (fresh.headers['x-anchor-cache'] === 'HIT' && fresh.text !== stale.text) break;
    assert.ok(tries < 500, 'never regenerated');
  }
});
