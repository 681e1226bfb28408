import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect as connectPlain, createServer, type AddressInfo, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { Handshakes } from './handshakes.ts';
import { handshake, respond, get, using } from './fixtures/tls-bed.ts';

test('a handshake that takes too long is closed, and others are served meanwhile', () =>
  using(
    async (bed) => {
      const slow = connectPlain({ port: bed.httpsPort, host: '127.0.0.1' });
      slow.write(Buffer.from([22, 3, 1]));
      const ended = once(slow, 'close');
      const socket = await handshake(bed);
      assert.match(await respond(socket, get('/a.txt')), /hello$/);
      socket.destroy();
      await ended;
    },
    { handshakeMs: 300, headersMs: 400 },
  ));

test('of too many handshakes in flight the oldest gives up its place', () =>
  using(
    async (bed) => {
      const unfinished = Array.from({ length: 3 }, () => connectPlain({ port: bed.httpsPort, host: '127.0.0.1' }));
      await Promise.all(unfinished.map((one) => once(one, 'connect')));
      const first = unfinished[0];
      assert.ok(first !== undefined);
      const closed = once(first, 'close');
      first.on('error', () => undefined);
      const socket = await handshake(bed);
      await closed;
      socket.destroy();
      for (const one of unfinished) one.destroy();
    },
    { maxHandshakes: 3 },
  ));

test('of a client that has too many handshakes in flight, further ones are closed', () => {
  const closed: string[] = [];
  const socket = (name: string): Socket =>
    Object.assign(new EventEmitter(), { destroy: () => closed.push(name) }) as unknown as Socket;
  const handshakes = new Handshakes({ handshakeMs: 1_000, maxHandshakes: 10, clientHandshakes: 2 }, () => false);
  const [a, b, c, d] = [socket('a'), socket('b'), socket('c'), socket('d')] as const;
  assert.deepEqual(
    [a, b, c].map((one) => handshakes.start(one, '203.0.113.9')),
    [true, true, false],
  );
  assert.equal(handshakes.start(d, '203.0.113.10'), true);
  handshakes.finish(a);
  assert.equal(handshakes.start(c, '203.0.113.9'), true);
  assert.equal(handshakes.rename(d, '203.0.113.9'), false);
  handshakes.tick(performance.now() + 2_000);
  assert.deepEqual(closed, ['b', 'c']);
});

test('2,000 different names at once are refused, and a known one is served in between', () =>
  using(
    async (bed) => {
      let refused = 0;
      const strangers = Array.from({ length: 2_000 }, async (_, i) => {
        const raw = connectPlain({ port: bed.httpsPort, host: '127.0.0.1' });
        raw.on('error', () => undefined);
        raw.on('data', (alert) => {
          if (alert[0] === 21 && alert[6] === 112) refused++;
        });
        raw.write(helloFor(`name-${i}.example.com`));
        await once(raw, 'close');
      });
      const socket = await handshake(bed);
      assert.match(await respond(socket, get('/a.txt')), /hello$/);
      socket.destroy();
      await Promise.all(strangers);
      assert.equal(refused, 2_000);
      assert.equal(bed.certificates.reads, 1, 'nothing was read for them');
    },
    { maxHandshakes: 5_000 },
  ));

/** Returns a hello with another name of 20 characters at most, in the place of a longer one. */
const recorded = await recordHello('a-name-with-33-characters.example');
function helloFor(name: string): Buffer {
  const bytes = Buffer.from(recorded);
  const at = bytes.indexOf('a-name-with-33-characters.example');
  bytes.write(name.padStart(33, 'x'), at, 'latin1');
  return bytes;
}

async function recordHello(servername: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}
