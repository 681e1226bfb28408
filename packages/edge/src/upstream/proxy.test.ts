import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dpl, eventually, TestBed } from '../testing/test-bed.ts';
import { testProtocol } from '../testing/test-request.ts';

const bed = new TestBed({ timeoutMs: 2000, startMs: 500, maxBodyBytes: 1024 * 1024, idleMs: 1000 });
const events: string[] = [];

before(async () => {
  await bed.start();
  bed.site({ function: true });
  const server = await bed.serve(dpl(1), (req, res) => {
    events.push(`${req.method} ${req.url}`);
    const path = (req.url ?? '').split('?')[0];
    if (path === '/echo') return void req.pipe(res.writeHead(200, { 'content-type': 'application/octet-stream' }));
    if (path === '/draft')
      return void res.writeHead(200, { 'x-nextjs-cache': 'HIT', 'cache-control': 'private, no-store' }).end();
    if (path === '/headers')
      return void res
        .writeHead(200, [
          'X-Twice',
          '1',
          'X-Twice',
          '2',
          'x-next-cache-tags',
          't',
          'x-middleware-rewrite',
          '/x',
          'x-middleware-cache',
          'no-cache',
          'x-middleware-mine',
          'kept',
          'x-anchor-secret',
          's',
          'Cache-Control',
          's-maxage=60, stale-while-revalidate=9',
          'X-Nextjs-Cache',
          'STALE',
          'keep-alive',
          'timeout=1',
        ])
        .end(JSON.stringify(req.rawHeaders));
    if (path === '/hang') return void req.socket.once('close', () => events.push('hang closed'));
    if (path === '/sse') {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
      res.on('close', () => events.push('sse closed'));
      return void bed.directory;
    }
    if (path === '/half')
      return void res.writeHead(200, { 'content-length': '100' }).write('half', () => res.destroy());
    if (path === '/die') return void req.socket.destroy();
    if (path === '/hints') {
      res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' });
      return void res.end('hinted');
    }
    if (path === '/trailers') {
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('body');
      res.addTrailers({ 'x-sum': '42' });
      return void res.end();
    }
    if (path === '/sum') {
      const hash = createHash('sha256');
      req.on('data', (chunk: Buffer) => hash.update(chunk));
      return void req.on('end', () =>
        res.end(
          `${hash.digest('hex')} ${req.headers['content-length'] ?? req.headers['transfer-encoding']} ${req.trailers['x-t'] ?? ''}`,
        ),
      );
    }
    return void res.writeHead(path === '/empty' ? 204 : 200).end(path === '/empty' ? undefined : `hello ${req.url}`);
  });
  server.on('upgrade', (req, socket, head) => {
    events.push(`upgrade ${req.url}`);
    if (req.url === '/no') return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: x\r\n\r\nhi',
    );
    if (head.length > 0) socket.write(head);
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
    socket.on('error', () => undefined);
    socket.on('end', () => {
      events.push(`closed ${req.url}`);
      socket.end();
    });
  });
});
after(() => bed.stop());

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

test('bodies are streamed whole, with and without a length, and trailers pass both ways', async () => {
  const body = randomBytes(900_000);
  const sum = createHash('sha256').update(body).digest('hex');
  assert.equal(
    (await bed.get('/sum', { method: 'POST', body, headers: { 'content-length': '900000' } })).text,
    `${sum} 900000 `,
  );
  const chunked = bed.raw(
    `POST /sum HTTP/1.1\r\nhost: app.localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\ntrailer: x-t\r\n\r\n3\r\nabc\r\n0\r\nx-t: 7\r\n\r\n`,
  );
  assert.match(await chunked, new RegExp(`${createHash('sha256').update('abc').digest('hex')} chunked 7`));
  assert.ok((await bed.get('/echo', { method: 'POST', body })).body.equals(body));
  const trailers = await bed.get('/trailers', { headers: { te: 'trailers' } });
  assert.equal(trailers.trailers['x-sum'], '42');
});

test('a stream is passed on as it comes, before it ends', async () => {
  const outgoing = request({
    host: '127.0.0.1',
    port: bed.port,
    path: '/echo',
    method: 'POST',
    headers: { host: 'app.localhost', 'transfer-encoding': 'chunked' },
    agent: false,
  });
  outgoing.write('first');
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.equal(String((await once(response, 'data'))[0]), 'first');
  outgoing.write('second');
  assert.equal(String((await once(response, 'data'))[0]), 'second');
  outgoing.end();
  await once(response.resume(), 'end');
});

test('an event stream shows its head at once, and a client that leaves ends it at the function', async () => {
  const outgoing = request({
    host: '127.0.0.1',
    port: bed.port,
    path: '/sse',
    headers: { host: 'app.localhost' },
    agent: false,
  });
  outgoing.on('error', () => undefined);
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  assert.equal(response.headers['content-type'], 'text/event-stream');
  outgoing.destroy();
  await eventually(() => events.includes('sse closed'));
});

test('a function that is slower than its client is held back, and the other way round', async () => {
  const size = 64 * 1024 * 1024;
  const wrote = new Map<string | undefined, number>();
  const { host } = await bed.deployment((req, res) => {
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      for (let sent = wrote.get(req.url) ?? 0; sent < size;) {
        sent += chunk.length;
        wrote.set(req.url, sent);
        if (!res.write(chunk)) return void res.once('drain', more);
      }
      res.end();
    };
    more();
  });
  const outgoing = request({ host: '127.0.0.1', port: bed.port, path: '/unread', headers: { host }, agent: false });
  outgoing.on('error', () => undefined);
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.pause();
  // Meanwhile a client that reads gets all of it, twice.
  for (const path of ['/one', '/two']) assert.equal((await bed.get(path, { host })).body.length, size);
  const unread = wrote.get('/unread') ?? 0;
  assert.ok(unread > 0 && unread < size / 2, `the function wrote ${unread} bytes to a client that reads nothing`);
  outgoing.destroy();
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

test('a body that is too large is refused, declared or not', async () => {
  const declared = await bed.raw('POST /sum HTTP/1.1\r\nhost: app.localhost\r\ncontent-length: 2000000\r\n\r\n');
  assert.match(declared, /^HTTP\/1\.1 413/);
  const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
  const streamed = await bed.raw(
    `POST /sum HTTP/1.1\r\nhost: app.localhost\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
  );
  assert.match(streamed, /^HTTP\/1\.1 413/);
});

test('a silent function is 504, one that dies is 502, and an aborted response is aborted for the client', async () => {
  const hang = await bed.get('/hang', { headers: { accept: 'application/json' } });
  assert.equal(hang.status, 504);
  assert.equal(JSON.parse(hang.text).code, 'function_timeout');
  await eventually(() => events.includes('hang closed'));
  assert.equal((await bed.get('/die', { method: 'POST' })).status, 502);
  await assert.rejects(bed.get('/half'));
});

test('a client that leaves ends the request at the function', async () => {
  let [received, closed] = [false, false];
  const { host } = await bed.deployment((req) => {
    received = true;
    req.socket.once('close', () => {
      closed = true;
    });
  });
  const outgoing = request({ host: '127.0.0.1', port: bed.port, path: '/', headers: { host }, agent: false });
  outgoing.on('error', () => undefined);
  outgoing.end();
  await eventually(() => received);
  outgoing.destroy();
  await eventually(() => closed);
  await eventually(() => bed.log.some((entry) => entry.host === host && entry.status === 499));
});

test('a WebSocket is joined both ways and ends on both sides', async () => {
  const socket = connect(bed.port, '127.0.0.1');
  socket.write(
    'GET /ws HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n',
  );
  let got = '';
  socket.on('data', (chunk) => {
    got += chunk.toString('latin1');
  });
  await eventually(() => got.includes('\r\n\r\nhi'));
  assert.match(got, /^HTTP\/1\.1 101 /);
  assert.match(got, /x-request-id: /);
  socket.write('ping');
  await eventually(() => got.endsWith('hiping'));
  socket.destroy();
  await eventually(() => events.includes('closed /ws'));
  await eventually(() => bed.log.some((entry) => entry.path === '/ws' && entry.status === 101));
});

test('a WebSocket that the function or the edge refuses gets an HTTP response', async () => {
  const send = (path: string, host: string): Promise<string> =>
    bed.raw(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`);
  assert.match(await send('/no', 'app.localhost'), /^HTTP\/1\.1 403 Forbidden[^]*no$/);
  assert.match(await send('/ws', 'nobody.localhost'), /^HTTP\/1\.1 404 /);
  bed.route('files.localhost', dpl(3), bed.artifact({}));
  assert.match(await send('/ws', 'files.localhost'), /^HTTP\/1\.1 404 /);
});

test('an upgrade to anything but a WebSocket is handled as a plain request', async () => {
  assert.match(
    await bed.raw(
      'GET /x HTTP/1.1\r\nhost: app.localhost\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\n\r\n',
      { until: /hello/ },
    ),
    /^HTTP\/1\.1 200 /,
  );
});

test('a function that speaks no HTTP is 502', async () => {
  const path = join(bed.directory, 'garbage.sock');
  const garbage = createServer((socket) => socket.end('SSH-2.0-nonsense\r\n'));
  await new Promise<void>((resolve) => garbage.listen(path, resolve));
  const id = dpl(500);
  bed.route('garbage.localhost', id, bed.artifact({ function: true }));
  bed.functions.name(id, { kind: 'unix', path, instance: 'garbage' });
  assert.equal((await bed.get('/', { host: 'garbage.localhost' })).status, 502);
  garbage.close();
});

test('no response that a function makes up ends the worker or leaves a client waiting', async () => {
  const path = join(bed.directory, 'hostile.sock');
  let response = '';
  const hostile = createServer((socket) =>
    socket.on('error', () => undefined).once('data', () => socket.end(response)),
  );
  await new Promise<void>((resolve) => hostile.listen(path, resolve));
  const id = dpl(501);
  bed.route(
    'hostile.localhost',
    id,
    bed.artifact({
      function: true,
      files: { '/page.html': bed.file('page'), '/large.bin': bed.file(Buffer.alloc(3_000_000)) },
    }),
  );
  bed.functions.name(id, { kind: 'unix', path, instance: 'hostile' });
  const send = (): Promise<string> =>
    bed.raw('GET /dynamic HTTP/1.1\r\nhost: hostile.localhost\r\nconnection: close\r\n\r\n');
  for (const file of ['/page.html', '/large.bin', '/none']) {
    for (const status of ['001', '099', '100', '204', '304', '999']) {
      response = `HTTP/1.1 ${status} X\r\nx-anchor-serve: ${file}\r\ncontent-length: 0\r\n\r\n`;
      await send();
    }
  }
  response = 'HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhi';
  assert.match(await send(), /^HTTP\/1\.1 502 /);
  assert.equal((await bed.get('/still')).status, 200);
  hostile.close();
});

test('a function that responds before it has read the body keeps nothing open', async () => {
  let ended = 0;
  const { host, server } = await bed.deployment((_req, res) => void res.writeHead(401).end('no'));
  server.on('connection', (socket) =>
    socket.on('close', () => {
      ended++;
    }),
  );
  const reply = await bed.raw(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 500000\r\n\r\npart`);
  assert.match(reply, /^HTTP\/1\.1 401 [^]*no/);
  await eventually(() => ended === 1);
  assert.equal((await bed.get('/', { host })).status, 401);
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
