import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, type ConnectionOptions } from 'node:tls';
import fc from 'fast-check';
import { parseClientHello } from './client-hello.ts';

/** Returns what a real client sends first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', ...options });
  client.on('error', () => undefined);
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  socket.destroy();
  client.destroy();
  server.close();
  await once(server, 'close');
  return bytes;
}

const hello = await helloOf({ servername: 'WWW.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
const message = hello.subarray(5);

/** Splits the message over records of the given sizes; the last one has the rest. */
function inRecords(sizes: readonly number[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of [...sizes, message.length]) {
    const content = message.subarray(at, at + size);
    if (content.length === 0) break;
    at += content.length;
    pieces.push(Buffer.from([22, 3, 1, content.length >> 8, content.length & 255]), content);
  }
  return Buffer.concat(pieces);
}

test('the server name, in lower case, and ALPN are read', () => {
  assert.deepEqual(parseClientHello(hello), {
    kind: 'ok',
    hello: { serverName: 'www.example.com', protocols: ['h2', 'http/1.1'] },
  });
});

test('a hello without a name and ALPN has neither', async () => {
  const bytes = await helloOf({});
  assert.deepEqual(parseClientHello(bytes), { kind: 'ok', hello: { serverName: undefined, protocols: [] } });
});

test('a hello that comes byte by byte says how many it needs, and is parsed a few times', () => {
  let needed = 1;
  let parsed = 0;
  for (let length = 1; length <= hello.length; length++) {
    if (length < needed) continue;
    parsed++;
    const result = parseClientHello(hello.subarray(0, length));
    if (length === hello.length) assert.equal(result.kind, 'ok');
    else if (result.kind === 'more') needed = result.needed;
    else assert.fail(`${result.kind} after ${length} bytes`);
  }
  assert.equal(parsed, 3);
});

test('a hello that is split over records is read as one', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }), (sizes) => {
      const result = parseClientHello(inRecords(sizes));
      assert.equal(result.kind === 'ok' && result.hello.serverName, 'www.example.com');
    }),
  );
});

test('bytes after the hello are left alone', () => {
  assert.equal(parseClientHello(Buffer.concat([hello, Buffer.from('more')])).kind, 'ok');
});

test('what is no TLS is told apart', () => {
  assert.deepEqual(parseClientHello(Buffer.from('GET / HTTP/1.1\r\n')), { kind: 'invalid', reason: 'not tls' });
});

test('a hello that claims to be huge is refused before it has arrived', () => {
  const bytes = Buffer.from(hello);
  bytes.writeUIntBE(0xffffff, 6, 3);
  assert.deepEqual(parseClientHello(bytes), { kind: 'invalid', reason: 'too large' });
});

test('a name with odd characters, a second name and an empty one are refused', () => {
  const at = hello.indexOf('WWW.Example.com');
  for (const byte of [0, 0x20, 0x2f, 0x5c, 0x80, 0xff]) {
    const bytes = Buffer.from(hello);
    bytes[at] = byte;
    assert.deepEqual(parseClientHello(bytes), { kind: 'invalid', reason: 'malformed' });
  }
  const empty = Buffer.from(hello);
  empty.writeUInt16BE(0, at - 2);
  assert.equal(parseClientHello(empty).kind, 'invalid');
});

test('no bytes make it throw or read beyond its limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.nat(hello.length),
      (changes, length) => {
        const bytes = Buffer.from(hello.subarray(0, length));
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        const result = parseClientHello(bytes);
        if (result.kind === 'more') assert.ok(result.needed > length && result.needed <= 16_384);
      },
    ),
    { numRuns: 3_000 },
  );
});
