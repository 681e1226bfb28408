import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { buildApp, startFunction, type BuiltApp, type RunningFunction } from './next-app.ts';

let built: BuiltApp;
let fn: RunningFunction;
let external: Server;

before(async () => {
  external = createServer((request, response) => {
    response.setHeader('x-external', 'yes');
    response.end(`external ${request.method} ${request.url} ${request.headers['x-request-id'] ?? ''}`);
  });
  await new Promise<void>((resolve) => external.listen(0, '127.0.0.1', resolve));
  built = await buildApp('next-basic', { EXTERNAL: `http://127.0.0.1:${(external.address() as AddressInfo).port}` });
  fn = await startFunction(built, { cache: 'cache', env: { RUN_SECRET: 'known at run time #$!' } });
});

after(async () => {
  await fn?.stop();
  external?.closeAllConnections();
  external?.close();
  await built?.remove();
});

const stampOf = (text: string): string =>
  /(?:stamp|at|render)=(?:<!-- -->)?([a-z0-9]+)/.exec(text)?.[1] ?? assert.fail(`no stamp in ${text.slice(0, 200)}`);

test('the manifest has static files, immutable ones, prerenders with tags and lifetimes, and a function', () => {
  const { files, prerenders, routing, function: entry, framework } = built.component;
  assert.equal(framework.name, 'nextjs');
  assert.equal(files['/pic.png']?.type, 'image/png');
  assert.equal(files['/files/with space.txt']?.immutable, undefined);
  const chunks = Object.entries(files).filter(([url]) => url.startsWith('/_next/static/immutable/'));
  assert.ok(chunks.length > 3 && chunks.every(([, file]) => file.immutable === true));
  assert.ok(chunks.some(([, file]) => file.br !== undefined && file.gzip !== undefined && file.br.size < file.size));
  assert.ok(
    Object.entries(files)
      .filter(([url]) => !url.startsWith('/_next/static/immutable/'))
      .every(([, file]) => file.immutable === undefined),
  );
  assert.equal(prerenders['/']?.revalidate, false);
  assert.equal(prerenders['/isr']?.revalidate, 1);
  assert.equal(prerenders['/isr.rsc']?.group, prerenders['/isr']?.group);
  assert.ok(prerenders['/isr.segments/_tree.segment.rsc'] !== undefined);
  assert.ok(prerenders['/tagged']?.tags.includes('stamp'));
  assert.ok(Object.values(prerenders).every(({ headers }) => headers['x-next-cache-tags'] === undefined));
  assert.ok(
    prerenders['/']!.bypass.some(([condition]) => condition?.type === 'header' && condition.key === 'next-action'),
  );
  assert.equal(prerenders['/blog/[slug]'], undefined);
  assert.ok(routing!.middlewareMatchers.length === 2 && routing!.beforeMiddleware.length >= 2);
  assert.deepEqual({ kind: entry?.kind, entry: entry?.entry }, { kind: 'next', entry: '.anchor/function.json' });
});

test('a static page comes from the build, and its header shows that', async () => {
  const response = await fn.get('/');
  assert.equal(response.status, 200);
  assert.match(response.text, /A static page/);
  assert.equal(response.headers['x-nextjs-cache'], 'HIT');
  assert.equal(response.headers['x-next-cache-tags'], undefined);
});

test('a dynamic page is rendered with query, variables of the run and the configured headers', async () => {
  const response = await fn.get('/dyn?from=a%20b');
  assert.match(response.text, /from=(?:<!-- -->)?a b/);
  assert.match(response.text, /secret=(?:<!-- -->)?known at run time #\$!/);
  assert.equal(response.headers['x-from-config'], 'yes');
  assert.match(String(response.headers['cache-control']), /no-store/);
});

test('a page that is revalidated by time is served stale once and is then new', async () => {
  const first = await fn.get('/isr');
  let stamp = stampOf(first.text);
  const end = Date.now() + 10_000;
  for (;;) {
    const next = await fn.get('/isr');
    assert.ok(['HIT', 'STALE'].includes(String(next.headers['x-nextjs-cache'])));
    if (stampOf(next.text) !== stamp) break;
    assert.ok(Date.now() < end, 'the page never changed');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  stamp = stampOf((await fn.get('/isr')).text);
  assert.match((await fn.get('/isr', { headers: { rsc: '1' } })).text, /"at=",(?:"\d+"|\d+)/);
});

test('a path of a dynamic route that was not built is rendered once and then cached', async () => {
  const first = await fn.get('/blog/made-on-request');
  assert.match(first.text, /Post (?:<!-- -->)?made-on-request/);
  assert.equal(first.headers['x-nextjs-cache'], 'MISS');
  const second = await fn.get('/blog/made-on-request');
  assert.equal(second.headers['x-nextjs-cache'], 'HIT');
  assert.equal(stampOf(second.text), stampOf(first.text));
  assert.equal((await fn.get('/blog/first')).headers['x-nextjs-cache'], 'HIT');
});

test('a client navigation gets RSC data, a prefetch gets a segment', async () => {
  const data = await fn.get('/?_rsc=1', { headers: { rsc: '1' } });
  assert.match(String(data.headers['content-type']), /text\/x-component/);
  assert.equal(data.headers['x-nextjs-deployment-id'], 'dpl_00000000000000000001');
  const segment = await fn.get('/?_rsc=1', {
    headers: { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' },
  });
  assert.equal(segment.status, 200);
  assert.match(segment.text, /__PAGE__/);
});

test('route handlers get methods, the address of the visitor and large bodies', async () => {
  assert.deepEqual(JSON.parse((await fn.get('/api/hello?a=1')).text), {
    hello: 'world',
    url: 'http://site.localhost:7480/api/hello?a=1',
  });
  assert.equal((await fn.get('/api/hello', { method: 'DELETE' })).status, 204);
  assert.equal((await fn.get('/api/hello', { method: 'PUT' })).status, 405);
  assert.equal(
    (
      await fn.get('/api/hello', { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'example.com' } })
    ).text.includes('https://example.com/api/hello'),
    true,
  );
  const body = randomBytes(8 << 20);
  const echoed = JSON.parse((await fn.get('/api/echo', { method: 'POST', body })).text);
  assert.deepEqual(
    { size: echoed.size, sha256: echoed.sha256 },
    { size: body.length, sha256: createHash('sha256').update(body).digest('hex') },
  );
});

test('responses are streamed as they are rendered', async () => {
  // The next part is made only when the one before it was seen.
  const release = () => void fn.get('/api/release', { method: 'POST' });
  const events = await fn.get('/api/stream', { onChunk: release });
  assert.deepEqual(
    events.chunks,
    [0, 1, 2, 3, 4].map((n) => `data: ${n}\n\n`),
  );
  let seen = '';
  let released = false;
  const page = await fn.get('/stream', {
    onChunk: (text) => {
      seen += text;
      if (released || !seen.includes('the quick part')) return;
      released = true;
      assert.doesNotMatch(seen, /the slow part/);
      release();
    },
  });
  assert.match(page.text, /the slow part/);
});

test('a client that goes away aborts the request', async () => {
  await fn.get('/api/stream', { abortAfterFirstChunk: true, headers: { 'x-request-id': 'req-gone' } });
  await fn.logged(/\x1ereq-gone\x1finfo\x1fthe client went away\n/);
});

test('the proxy of a streamed page sees the client go away', async () => {
  await fn.get('/mw/leave', { abortAfterFirstChunk: true, headers: { 'x-request-id': 'req-left' } });
  await fn.logged(/\x1ereq-left\x1finfo\x1fthe proxy saw the client leave\n/);
});

test('a page and the proxy send requests to their own site, by its port and by the host of the request, for files too', async () => {
  const headers = { host: 'shop.invalid', 'x-request-id': 'req-self' };
  const hashed = Object.keys(built.component.files).find((url) => url.startsWith('/_next/static/')) ?? assert.fail();
  assert.match((await fn.get(`/self?hashed=${hashed}`, { headers })).text, /self=200,200,200,200/);
  assert.match((await fn.get('/self?hashed=/_next/static/none.js', { headers })).text, /self=200,200,200,404/);
  assert.match((await fn.get('/mw/self', { headers })).text, /shop\.invalid\/api\/hello/);
});

test('the proxy adds headers and cookies, rewrites, redirects, responds, and reads bodies that the route reads again', async () => {
  const passed = await fn.get('/dyn');
  assert.match(passed.text, /proxy=(?:<!-- -->)?added/);
  assert.equal(passed.headers['x-proxy'], 'seen');
  assert.match(String(passed.headers['set-cookie']), /proxied=1/);
  const redirect = await fn.get('/mw/redirect');
  assert.deepEqual([redirect.status, redirect.headers.location], [307, '/dyn?from=redirect']);
  assert.match((await fn.get('/mw/rewrite')).text, /Post (?:<!-- -->)?from-middleware/);
  assert.match((await fn.get('/mw/static')).text, /A static page/);
  const response = await fn.get('/mw/answer');
  assert.deepEqual([response.status, JSON.parse(response.text)], [203, { respondedBy: 'proxy' }]);
  const body = 'x'.repeat(300_000);
  assert.deepEqual(JSON.parse((await fn.get('/mw/body', { method: 'POST', body })).text), {
    size: 300_000,
    sha256: createHash('sha256').update(body).digest('hex'),
    length: '300000',
  });
  const failed = await fn.get('/mw/throw', { headers: { 'x-request-id': 'req-mw' } });
  assert.equal(failed.status, 500);
  await fn.logged(/\x1ereq-mw\x1ferror\x1fError: the proxy fails on purpose/);
});

test('redirects, rewrites to pages, to files of the edge and to other origins', async () => {
  const old = await fn.get('/old?kept=1');
  assert.deepEqual([old.status, old.headers.location], [308, '/dyn?kept=1']);
  assert.match((await fn.get('/before')).text, /from=(?:<!-- -->)?before/);
  assert.match((await fn.get('/articles/rewritten')).text, /Post (?:<!-- -->)?rewritten/);
  const file = await fn.get('/picture-of-it');
  assert.deepEqual([file.status, file.headers['x-anchor-serve'], file.body.length], [200, '/pic.png', 0]);
  assert.equal((await fn.get('/files/with%20space.txt')).headers['x-anchor-serve'], '/files/with%20space.txt');
  const elsewhere = await fn.get('/external/a/b?c=d');
  assert.deepEqual(
    [elsewhere.status, elsewhere.headers['x-external'], elsewhere.text.trim()],
    [200, 'yes', 'external GET /a/b?c=d'],
  );
});

test('images are optimized once, and only in sizes that are allowed', async () => {
  const path = '/_next/image?url=%2Fpic.png&w=64&q=75';
  const first = await fn.get(path, { headers: { accept: 'image/webp,*/*' } });
  assert.deepEqual(
    [first.status, first.headers['content-type'], first.headers['x-nextjs-cache']],
    [200, 'image/webp', 'MISS'],
  );
  assert.equal(first.body.subarray(8, 12).toString(), 'WEBP');
  assert.equal((await fn.get(path, { headers: { accept: 'image/webp,*/*' } })).headers['x-nextjs-cache'], 'HIT');
  assert.equal((await fn.get('/_next/image?url=%2Fpic.png&w=65&q=75')).status, 400);
  assert.equal((await fn.get('/_next/image?url=https%3A%2F%2Felsewhere.example%2Fa.png&w=64&q=75')).status, 400);
});

test('a missing page is rendered by the app, and is not cacheable', async () => {
  const response = await fn.get('/nowhere/at/all');
  assert.equal(response.status, 404);
  assert.match(response.text, /Nothing is here/);
  assert.match(String(response.headers['cache-control']), /no-store/);
});

test('a page that throws responds with 500 by Next and is logged with the request id; the process continues', async () => {
  const response = await fn.get('/boom', { headers: { 'x-request-id': 'req-boom' } });
  assert.equal(response.status, 500);
  assert.match(response.text, /__next_error__/);
  await fn.logged(/\x1ereq-boom\x1ferror\x1fError: the page fails on purpose/);
  assert.equal((await fn.get('/api/throw')).status, 500);
  assert.equal((await fn.get('/')).status, 200);
});

test('draft mode bypasses the prerendered page', async () => {
  const enabled = await fn.get('/api/draft');
  const cookie = String(enabled.headers['set-cookie']).split(';')[0]!;
  assert.match((await fn.get('/draft', { headers: { cookie } })).text, /draft=(?:<!-- -->)?true/);
  assert.match((await fn.get('/draft')).text, /draft=(?:<!-- -->)?false/);
});

const actionId = async (): Promise<string> =>
  /\$ACTION_ID_([0-9a-f]+)/.exec((await fn.get('/form')).text)?.[1] ?? assert.fail('the form has no action');
const multipart = (fields: readonly (readonly [string, string])[]) => ({
  body: `${fields.map(([name, value]) => `--edge\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--edge--\r\n`,
  headers: { 'content-type': 'multipart/form-data; boundary=edge', origin: 'http://site.localhost:7480' },
});

test('a server action works from a form without JavaScript', async () => {
  const { body, headers } = multipart([
    [`$ACTION_ID_${await actionId()}`, ''],
    ['name', 'Ada'],
  ]);
  const response = await fn.get('/form', { method: 'POST', body, headers });
  assert.equal(response.status, 200);
  assert.match(String(response.headers['set-cookie']), /name=Ada/);
  assert.match(response.text, /name=(?:<!-- -->)?Ada/);
  const redirected = await fn.get('/form', {
    method: 'POST',
    ...multipart([
      [`$ACTION_ID_${await actionId()}`, ''],
      ['name', 'redirect'],
    ]),
  });
  assert.deepEqual([redirected.status, redirected.headers.location], [303, '/dyn?from=action']);
});

test('a server action works from the client, and its redirect brings the page along', async () => {
  const id = await actionId();
  const { body, headers } = multipart([
    ['_1_name', 'Grace'],
    ['0', '["$K1"]'],
  ]);
  const response = await fn.get('/form', {
    method: 'POST',
    body,
    headers: { ...headers, 'next-action': id, accept: 'text/x-component' },
  });
  assert.equal(response.status, 200);
  assert.match(String(response.headers['content-type']), /text\/x-component/);
  const redirect = multipart([
    ['_1_name', 'redirect'],
    ['0', '["$K1"]'],
  ]);
  const moved = await fn.get('/form', {
    method: 'POST',
    body: redirect.body,
    headers: { ...redirect.headers, 'next-action': id, accept: 'text/x-component' },
  });
  assert.match(String(moved.headers['x-action-redirect']), /^\/dyn\?from=action/);
  assert.match(moved.text, /A dynamic page/);
  const foreign = await fn.get('/form', {
    method: 'POST',
    body,
    headers: { ...headers, 'next-action': id, origin: 'http://evil.example' },
  });
  assert.equal(foreign.status, 500);
});

test('an invalidation in one process is seen by every process of the deployment', async () => {
  const other = await startFunction(built, { cache: 'cache' });
  try {
    const before = await fn.get('/tagged');
    assert.equal(stampOf((await other.get('/tagged')).text), stampOf(before.text));
    await fn.get('/form', {
      method: 'POST',
      ...multipart([
        [`$ACTION_ID_${await actionId()}`, ''],
        ['name', 'revalidate'],
      ]),
    });
    const renewed = await other.get('/tagged');
    assert.equal(renewed.headers['x-nextjs-cache'], 'MISS');
    assert.notEqual(stampOf(renewed.text), stampOf(before.text));
    const same = await fn.get('/tagged');
    assert.deepEqual([same.headers['x-nextjs-cache'], stampOf(same.text)], ['HIT', stampOf(renewed.text)]);

    await other.get('/api/revalidate', { method: 'POST', body: JSON.stringify({ tag: 'stamp', profile: 'max' }) });
    const stale = await fn.get('/tagged');
    assert.deepEqual([stale.headers['x-nextjs-cache'], stampOf(stale.text)], ['STALE', stampOf(renewed.text)]);
    const end = Date.now() + 10_000;
    while (stampOf((await fn.get('/tagged')).text) === stampOf(renewed.text))
      assert.ok(Date.now() < end, 'the stale page was never revalidated');

    const post = stampOf((await fn.get('/blog/first')).text);
    await fn.get('/api/revalidate', { method: 'POST', body: JSON.stringify({ path: '/blog/first' }) });
    assert.notEqual(stampOf((await other.get('/blog/first')).text), post);
  } finally {
    assert.equal(await other.stop(), 0);
  }
});

test('a new process of the deployment starts with what the cache holds', async () => {
  const storedStamp = stampOf((await fn.get('/blog/kept')).text);
  const other = await startFunction(built, { cache: 'cache' });
  try {
    const response = await other.get('/blog/kept');
    assert.deepEqual([response.headers['x-nextjs-cache'], stampOf(response.text)], ['HIT', storedStamp]);
  } finally {
    await other.stop();
  }
});

test('SIGTERM lets the response in flight and the work after a response finish, then exits with 0', async () => {
  const other = await startFunction(built, { cache: 'cache-drain' });
  await other.get('/');
  const flowing = other.get('/api/stream?flowing');
  assert.deepEqual(JSON.parse((await other.get('/api/after', { headers: { 'x-request-id': 'req-after' } })).text), {
    responded: true,
  });
  assert.doesNotMatch(other.output(), /the work after the answer is done/);
  assert.equal(await other.stop(), 0);
  assert.match((await flowing).text, /data: 4/);
  assert.match(other.output(), /\x1ereq-after\x1finfo\x1fthe work after the answer is done\n/);
});

test('addresses that are none are refused, not fatal', async () => {
  for (const path of [
    '//',
    '/%',
    '/%ff',
    `/${'a'.repeat(8000)}`,
    '/_next/image',
    '/_next/image?url=%2F%2F%2F&w=64&q=75',
    '/..%2f..%2fetc%2fpasswd',
  ]) {
    const { status } = await fn.get(path, { headers: { host: 'not a host' } });
    assert.ok(status >= 300 && status < 500, `${path.slice(0, 30)} → ${status}`);
  }
  assert.equal((await fn.get('/')).status, 200);
});
