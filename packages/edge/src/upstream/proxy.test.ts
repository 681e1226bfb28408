import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { testProtocol } from '../testing/test-request.ts';
import { bed } from './fixtures/proxied-function.ts';

test('path, query and encoding reach the function as they were sent', async () => {
  assert.equal((await bed.get('/blog/a%2Fb?x=%20&y')).text, 'hello /blog/a%2Fb?x=%20&y');
});

test("forwarding headers are the edge's own, and internal ones from outside are stripped", async () => {
  const reply = await bed.get('/headers', {
    headers: {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'https',
      'x-real-ip': '6.6.6.6',
      'x-request-id': 'mine-mine-mine',
      'x-anchor-serve': '/x',
      'x-middleware-subrequest': 'a:a:a',
      'x-matched-path': '/admin',
      'next-resume': '1',
      'x-prerender-revalidate': 'guess',
      'x-nextjs-data': '1',
      'x-middleware-prefetch': '1',
      // HTTP/2 has no such header.
      ...(testProtocol.http2 ? {} : { connection: 'close, x-drop', 'x-drop': '1' }),
      'proxy-authorization': 'p',
      cookie: 'a=b',
      te: 'trailers',
    },
  });
  const raw: string[] = JSON.parse(reply.text);
  const seen = new Map(raw.filter((_, i) => i % 2 === 0).map((name, i) => [name.toLowerCase(), raw[i * 2 + 1]]));
  assert.equal(seen.get('x-forwarded-for'), '127.0.0.1');
  assert.equal(seen.get('x-forwarded-proto'), testProtocol.tls === undefined ? 'http' : 'https');
  assert.equal(seen.get('x-forwarded-host'), 'app.localhost');
  assert.equal(seen.get('host'), 'app.localhost');
  assert.equal(seen.get('cookie'), 'a=b');
  assert.equal(seen.get('x-middleware-prefetch'), '1');
  assert.equal(seen.get('x-request-id'), reply.headers['x-request-id']);
  assert.notEqual(seen.get('x-request-id'), 'mine-mine-mine');
  for (const name of [
    'x-real-ip',
    'x-anchor-serve',
    'x-middleware-subrequest',
    'x-matched-path',
    'next-resume',
    'x-prerender-revalidate',
    'x-nextjs-data',
    'x-drop',
    'proxy-authorization',
  ])
    assert.ok(!seen.has(name), name);
});

test('the response keeps its headers, in order and repeated, but not the internal ones', async () => {
  const reply = await bed.get('/headers');
  assert.equal(reply.rawHeaders.filter((part) => part.toLowerCase() === 'x-twice').length, 2);
  assert.equal(reply.headers['x-anchor-cache'], 'STALE');
  assert.equal(reply.headers['x-nextjs-cache'], 'STALE');
  assert.equal(
    reply.headers['cache-control'],
    'public, max-age=0, must-revalidate',
    'only our own cache keeps the page',
  );
  assert.deepEqual([reply.headers['x-middleware-mine'], reply.headers['x-middleware-cache']], ['kept', 'no-cache']);
  for (const name of ['x-next-cache-tags', 'x-middleware-rewrite', 'x-anchor-secret'])
    assert.equal(reply.headers[name], undefined, name);
});

test('a draft, which was rendered for this request, is not marked as a hit', async () => {
  const draft = await bed.get('/draft', { headers: { cookie: '__prerender_bypass=x' } });
  assert.equal(draft.headers['x-anchor-cache'], 'DYNAMIC');
  assert.equal(draft.headers['x-nextjs-cache'], undefined);
  assert.equal((await bed.get('/draft')).headers['x-nextjs-cache'], 'HIT');
});

test('early hints pass, and 100-continue waits for the function', async () => {
  const hinted = await bed.get('/hints');
  assert.deepEqual(hinted.information, [103]);
  assert.equal(hinted.text, 'hinted');
  const outgoing = request({
    host: '127.0.0.1',
    port: bed.port,
    path: '/echo',
    method: 'POST',
    headers: { host: 'app.localhost', expect: '100-continue', 'content-length': '3' },
    agent: false,
  });
  outgoing.flushHeaders();
  await once(outgoing, 'continue');
  outgoing.end('abc');
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.equal(String((await once(response, 'data'))[0]), 'abc');
});

test('responses without a body stay without one', async () => {
  assert.equal((await bed.get('/empty')).status, 204);
  const head = await bed.get('/x', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
});

test('many requests on keep-alive connections all get their own response', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const send = (n: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port: bed.port, path: `/n${n}`, headers: { host: 'app.localhost' }, agent },
        (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () => resolve(body));
        },
      );
      outgoing.on('error', reject);
      outgoing.end();
    });
  const replies = await Promise.all(Array.from({ length: 400 }, (_, n) => send(n)));
  agent.destroy();
  assert.deepEqual(
    replies,
    Array.from({ length: 400 }, (_, n) => `hello /n${n}`),
  );
});
