import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { dpl, TestBed } from '../../testing/test-bed.ts';
import type { EdgeSettings } from '../../util/settings.ts';
import { authority, materialFor, wildcard, handshake, respond, get, using } from './fixtures/tls-bed.ts';

test('HTTP/2 is chosen by ALPN, and a name that the certificate is not for gets 421', () =>
  usingTwo(async (bed) => {
    const session = connectHttp2(`https://app.localhost:${bed.httpsPort}`, {
      createConnection: () =>
        connect({
          port: bed.httpsPort,
          host: '127.0.0.1',
          servername: 'app.localhost',
          ca: authority.certificatePem,
          ALPNProtocols: ['h2'],
        }),
    });
    const statusOf = async (authorityName: string): Promise<number> => {
      const stream = session.request({ ':path': '/a.txt', ':authority': authorityName });
      stream.resume();
      const [headers] = await once(stream, 'response');
      await once(stream, 'end');
      return headers[':status'];
    };
    for (let i = 0; i < 4; i++) assert.equal(await statusOf('app.localhost'), 200);
    for (let i = 0; i < 4; i++) assert.equal(await statusOf('other.localhost'), 421);
    session.destroy();
  }));

/** Serves other.localhost too, with a certificate of its own. */
async function usingTwo(run: (bed: TestBed) => Promise<void>, settings: Partial<EdgeSettings> = {}): Promise<void> {
  await using(async (bed) => {
    bed.route('other.localhost', dpl(2), bed.artifact({ files: { '/a.txt': bed.file('other') } }));
    bed.certificates.serve(['other.localhost'], await materialFor('other.localhost'));
    await run(bed);
  }, settings);
}

for (const [reader, settings] of [
  ["the edge's own reader", {}],
  ['node:http', { http1FastPath: false }],
] as const)
  test(`over HTTP/1.1 too, a host that the certificate is not for gets 421, read by ${reader}`, () =>
    usingTwo(async (bed) => {
      const socket = await handshake(bed);
      const statusOf = async (host: string): Promise<string> => {
        const response = await respond(socket, get('/a.txt', host));
        socket.removeAllListeners('data');
        return response.slice(9, 12);
      };
      for (let i = 0; i < 4; i++) {
        assert.equal(await statusOf('app.localhost'), '200');
        for (const host of ['other.localhost', 'OTHER.localhost.:8443', 'unknown.localhost', '[::1]'])
          assert.equal(await statusOf(host), '421', host);
      }
      socket.destroy();
    }, settings));

test('a memoized response is not served on a connection whose certificate is for another host', () =>
  usingTwo(async (bed) => {
    const own = await handshake(bed, { servername: 'other.localhost' });
    const request = get('/a.txt', 'other.localhost');
    for (let i = 0; i < 6; i++) {
      assert.match(await respond(own, request), /^HTTP\/1\.1 200 [^]*other$/);
      own.removeAllListeners('data');
    }
    const foreign = await handshake(bed);
    for (let i = 0; i < 3; i++) {
      assert.match(await respond(foreign, request), /^HTTP\/1\.1 421/);
      foreign.removeAllListeners('data');
    }
    assert.match(await respond(own, request), /^HTTP\/1\.1 200/);
    for (const socket of [own, foreign]) socket.destroy();
  }));

test('a request target with an authority that the certificate is not for gets 421, whatever its Host header', () =>
  usingTwo(async (bed) => {
    const socket = await handshake(bed);
    assert.match(await respond(socket, get('http://other.localhost/a.txt')), /^HTTP\/1\.1 421/);
    socket.destroy();
  }));

test('a WebSocket for a host that the certificate is not for is refused', () =>
  usingTwo(async (bed) => {
    const socket = await handshake(bed);
    const more = 'connection: upgrade\r\nupgrade: websocket\r\n';
    assert.match(await respond(socket, get('/a.txt', 'other.localhost', more)), /^HTTP\/1\.1 421/);
    socket.destroy();
  }));

test('a trusted proxy may send requests for every host over one connection', () =>
  usingTwo(
    async (bed) => {
      const socket = await handshake(bed);
      assert.match(await respond(socket, get('/a.txt', 'other.localhost')), /^HTTP\/1\.1 200 [^]*other$/);
      socket.destroy();
    },
    { trustedProxies: ['127.0.0.1'] },
  ));

test("a site's connection cannot be used for the platform's own name, which the same wildcard certificate covers", async () => {
  const bed = await new TestBed({ tunnels: new Map([['api.example.com', '/nonexistent']]) }).start();
  try {
    bed.route('api.example.com', dpl(1), bed.artifact({ files: { '/a.txt': bed.file('hello') } }));
    bed.route('shop.example.com', dpl(1), bed.artifact({ files: { '/a.txt': bed.file('hello') } }));
    bed.certificates.serve(['*.example.com'], wildcard);
    for (const [host, expected] of [
      ['shop.example.com', /^HTTP\/1\.1 200/],
      ['api.example.com', /^HTTP\/1\.1 421/],
      ['API.example.com.', /^HTTP\/1\.1 421/],
    ] as const) {
      const socket = await handshake(bed, { servername: 'shop.example.com' });
      assert.match(await respond(socket, get('/a.txt', host)), expected, host);
      socket.destroy();
    }
  } finally {
    await bed.stop();
  }
});
