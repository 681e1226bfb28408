import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ServedDomain } from '@anchor/core/ports/served-certificates.ts';
import { dpl, TestBed } from '../testing/test-bed.ts';
import { TestClient } from '../testing/test-client.ts';

const HOST = 'www.example.com';
const MATERIAL = { chainPem: '', keyPem: '' };
const domain = (name: string, more: Partial<ServedDomain> = {}): ServedDomain => ({
  name,
  httpsOnly: true,
  hstsSeconds: 0,
  ...more,
});

async function using(
  run: (bed: TestBed) => Promise<void>,
  settings: ConstructorParameters<typeof TestBed>[0] = {},
): Promise<void> {
  const bed = await new TestBed(settings).start();
  bed.route(HOST, dpl(1), bed.artifact({ files: { '/a.txt': bed.file('hello'), '/b.txt': bed.file('b') } }));
  try {
    await run(bed);
  } finally {
    await bed.stop();
  }
}
const locationOf = async (bed: TestBed, path: string, host = HOST): Promise<readonly [number, string | undefined]> => {
  const { status, headers } = await bed.get(path, { host });
  return [status, headers.location];
};

test('plain HTTP is redirected to HTTPS once there is a certificate', () =>
  using(async (bed) => {
    bed.certificates.publish({ domains: [domain(HOST)] });
    assert.equal((await bed.get('/a.txt', { host: HOST })).text, 'hello');
    bed.certificates.serve(['*.example.com'], MATERIAL);
    const expected = `https://${HOST}:${bed.httpsPort}/a.txt?q=1%202`;
    assert.deepEqual(await locationOf(bed, '/a.txt?q=1%202'), [308, expected]);
    assert.deepEqual(await locationOf(bed, '/a.txt?q=1%202', `${HOST.toUpperCase()}.:80`), [308, expected]);
    bed.certificates.publish({ domains: [domain(HOST, { httpsOnly: false })] });
    assert.equal((await bed.get('/a.txt', { host: HOST })).status, 200);
  }));

test('plain HTTP is served again once the certificate has expired', () =>
  using(async (bed) => {
    bed.certificates.serve([HOST], MATERIAL);
    bed.certificates.publish({ domains: [domain(HOST)] });
    assert.equal((await bed.get('/a.txt', { host: HOST })).status, 308);
    bed.clockOffsetMs = 2_000_000;
    assert.equal((await bed.get('/a.txt', { host: HOST })).text, 'hello');
  }));

test('a valid wildcard is served, and redirected to, where the certificate of the exact name has expired', () =>
  using(async (bed) => {
    bed.certificates.serve([HOST], MATERIAL);
    bed.clockOffsetMs = 2_000_000;
    const certificates = [...bed.certificates.current().certificates];
    certificates.push({ id: 'wild', names: ['*.example.com'], notAfter: Date.now() + 3_000_000 });
    bed.certificates.publish({ certificates, domains: [domain(HOST)] });
    assert.deepEqual(await locationOf(bed, '/a.txt'), [308, `https://${HOST}:${bed.httpsPort}/a.txt`]);
  }));

test('a client whose proxy says that it came over HTTPS is not redirected in a circle, trusted or not', () =>
  using(async (bed) => {
    bed.certificates.serve([HOST], MATERIAL);
    bed.certificates.publish({ domains: [domain(HOST, { hstsSeconds: 60 })] });
    const from = (scheme: string) => bed.get('/a.txt', { host: HOST, headers: { 'x-forwarded-proto': scheme } });
    const { status, text, headers } = await from('https');
    assert.deepEqual([status, text, headers['strict-transport-security']], [200, 'hello', undefined]);
    assert.equal((await from('http')).status, 308);
  }));

test('a memoized response is not served any more once its host redirects', () =>
  using(async (bed) => {
    const client = new TestClient(bed.port);
    try {
      for (let i = 0; i < 5; i++) assert.match((await client.get('/a.txt', '', HOST)).head, /^HTTP\/1\.1 200/);
      bed.certificates.serve([HOST], MATERIAL);
      bed.certificates.publish({ domains: [domain(HOST)] });
      assert.match((await client.get('/a.txt', '', HOST)).head, /^HTTP\/1\.1 308/);
    } finally {
      client.end();
    }
  }));

test('a second name is redirected to the canonical one, with HTTPS where that has a certificate', () =>
  using(async (bed) => {
    bed.certificates.publish({ domains: [domain('example.com', { redirectTo: HOST }), domain(HOST)] });
    assert.deepEqual(await locationOf(bed, '/x?y', 'example.com:8080'), [308, `http://${HOST}:8080/x?y`]);
    bed.certificates.serve([HOST], MATERIAL);
    assert.deepEqual(await locationOf(bed, '/x?y', 'example.com'), [308, `https://${HOST}:${bed.httpsPort}/x?y`]);
    assert.equal((await bed.get('/x', { host: 'example.com', method: 'POST', body: 'b' })).status, 308);
  }));

test('a wildcard domain is redirected as each of its hosts, and never to itself', () =>
  using(async (bed) => {
    bed.certificates.serve(['*.example.com'], MATERIAL);
    bed.certificates.publish({ domains: [domain('*.example.com')] });
    assert.deepEqual(await locationOf(bed, '/x'), [308, `https://${HOST}:${bed.httpsPort}/x`]);
    assert.equal((await locationOf(bed, '/x', 'a.b.example.com'))[0], 404);
    bed.certificates.publish({ domains: [domain('*.example.com', { redirectTo: HOST })] });
    assert.deepEqual(await locationOf(bed, '/x', 'a.example.com'), [308, `https://${HOST}:${bed.httpsPort}/x`]);
    assert.equal((await bed.get('/a.txt', { host: HOST })).text, 'hello');
  }));

test("no site is served under the platform's own name, whatever a project's route says", () =>
  using(
    async (bed) => {
      for (const host of [HOST, `${HOST.toUpperCase()}.`])
        for (const path of ['/a.txt', '/.well-known/acme-challenge/x'])
          assert.equal((await bed.get(path, { host })).status, 404);
      bed.certificates.serve([HOST], MATERIAL);
      bed.certificates.publish({ domains: [domain(HOST)] });
      assert.equal((await bed.get('/a.txt', { host: HOST })).status, 308);
    },
    { tunnels: new Map([[HOST, '/nonexistent']]) },
  ));

test('a path that looks like a host never becomes one in a redirect', () =>
  using(async (bed) => {
    bed.certificates.serve([HOST], MATERIAL);
    bed.certificates.publish({ domains: [domain(HOST)] });
    assert.deepEqual(await locationOf(bed, '//evil.example/x'), [
      308,
      `https://${HOST}:${bed.httpsPort}/evil.example/x`,
    ]);
    assert.deepEqual(await locationOf(bed, 'http://evil.example/x'), [404, undefined]);
  }));

test('challenges and checks are responded to by the platform, also where HTTP is redirected', () =>
  using(async (bed) => {
    const acme = '/.well-known/acme-challenge/token';
    const check = '/.well-known/anchor-check/token';
    bed.certificates.serve([HOST], MATERIAL);
    bed.certificates.publish({ domains: [domain(HOST)], responses: { [acme]: 'token.print', [check]: 'ours' } });
    for (const [path, text] of [
      [acme, 'token.print'],
      [check, 'ours'],
    ] as const) {
      const response = await bed.get(path, { host: HOST });
      assert.deepEqual([response.status, response.text, response.headers['cache-control']], [200, text, 'no-store']);
      assert.equal((await bed.get(path, { host: HOST, method: 'HEAD' })).text, '');
    }
    assert.equal((await bed.get(`${check}2`, { host: HOST })).status, 404);
    assert.equal((await bed.get('/.well-known/acme-challenge/__proto__', { host: HOST })).status, 404);
  }));

test('an application gets no challenge of a host with an order in flight, and those of other hosts', () =>
  using(async (bed) => {
    const { host } = await bed.deployment((req, res) => void res.end(`app ${String(req.url)}`));
    const path = '/.well-known/acme-challenge/of-the-app';
    assert.equal((await bed.get(path, { host })).text, `app ${path}`);
    bed.certificates.publish({ pending: [host] });
    assert.equal((await bed.get(path, { host })).status, 404);
    assert.equal((await bed.get('/other', { host })).text, 'app /other');
    bed.certificates.publish({ pending: [] });
    assert.equal((await bed.get(path, { host })).text, `app ${path}`);
  }));

test('10,000 strangers on the challenge path get 404 and reach no application, and a CA is responded to meanwhile', () =>
  using(async (bed) => {
    const { host } = await bed.deployment((_req, res) => void res.end('app'));
    const path = '/.well-known/acme-challenge/token';
    bed.certificates.publish({ pending: [host], responses: { [path]: 'token.print' } });
    const hosts = [host, HOST, 'stranger.example'];
    const flood = Array.from({ length: 20 }, async (_, i) => {
      const client = new TestClient(bed.port);
      for (let k = 0; k < 500; k++) {
        const { head } = await client.get(`${path}-${i}-${k}`, '', hosts[k % 3]);
        assert.match(head, /^HTTP\/1\.1 404 /);
      }
      client.end();
    });
    for (let k = 0; k < 20; k++) assert.equal((await bed.get(path, { host })).text, 'token.print');
    await Promise.all(flood);
    assert.equal(bed.functions.acquired, 0);
    assert.equal((await bed.get('/a.txt', { host: HOST })).text, 'hello');
  }));

test('a request that a trusted proxy received over HTTPS is not redirected, and gets HSTS', () =>
  using(
    async (bed) => {
      bed.certificates.serve([HOST], MATERIAL);
      bed.certificates.publish({ domains: [domain(HOST, { hstsSeconds: 31_536_000 })] });
      const secure = await bed.get('/a.txt', { host: HOST, headers: { 'x-forwarded-proto': 'https' } });
      assert.deepEqual([secure.status, secure.headers['strict-transport-security']], [200, 'max-age=31536000']);
      const plain = await bed.get('/a.txt', { host: HOST });
      assert.deepEqual([plain.status, plain.headers['strict-transport-security']], [308, undefined]);
    },
    { trustedProxies: ['127.0.0.1'] },
  ));

test('a WebSocket to a host that redirects is refused', () =>
  using(async (bed) => {
    bed.certificates.serve([HOST], MATERIAL);
    bed.certificates.publish({ domains: [domain(HOST)] });
    const response = await bed.raw(
      `GET / HTTP/1.1\r\nhost: ${HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n\r\n`,
    );
    assert.match(response, /^HTTP\/1\.1 404 /);
  }));

test('a listed proxy names its client; without its header the connection is closed', () =>
  using(
    async (bed) => {
      const request = `GET /a.txt HTTP/1.1\r\nhost: ${HOST}\r\nconnection: close\r\n\r\n`;
      assert.match(
        await bed.raw(`PROXY TCP4 203.0.113.9 198.51.100.1 1 80\r\n${request}`),
        /^HTTP\/1\.1 200 [^]*hello$/,
      );
      assert.equal(bed.log.at(-1)?.ip, '203.0.113.9');
      assert.equal(await bed.raw(request), '');
    },
    { proxyProtocolFrom: ['127.0.0.1/32'] },
  ));

test("a stranger's PROXY header is no request", () =>
  using(
    async (bed) => {
      const request = `GET /a.txt HTTP/1.1\r\nhost: ${HOST}\r\nconnection: close\r\n\r\n`;
      const response = await bed.raw(`PROXY TCP4 203.0.113.9 198.51.100.1 1 80\r\n${request}`);
      assert.match(response, /^HTTP\/1\.1 400 /);
      assert.doesNotMatch(response, /hello/);
    },
    { proxyProtocolFrom: ['192.0.2.1'] },
  ));

test('a listed proxy that sends its header slowly is closed in time', () =>
  using(
    async (bed) => {
      const socket = connect(bed.port, '127.0.0.1');
      socket.write('PROXY TCP4 203.0');
      await once(socket, 'close');
    },
    { proxyProtocolFrom: ['127.0.0.1'], handshakeMs: 200, headersMs: 400 },
  ));
