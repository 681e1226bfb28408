import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { eventually } from '../testing/test-bed.ts';
import { bed, events } from './fixtures/proxied-function.ts';

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

test('a body that is too large is refused, declared or not', async () => {
  const declared = await bed.raw('POST /sum HTTP/1.1\r\nhost: app.localhost\r\ncontent-length: 2000000\r\n\r\n');
  assert.match(declared, /^HTTP\/1\.1 413/);
  const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
  const streamed = await bed.raw(
    `POST /sum HTTP/1.1\r\nhost: app.localhost\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(20)}`,
  );
  assert.match(streamed, /^HTTP\/1\.1 413/);
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
