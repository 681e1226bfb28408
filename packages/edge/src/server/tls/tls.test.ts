import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { dpl, eventually, type TestBed } from '../../testing/test-bed.ts';
import { materialFor, handshake, refusal, respond, get, using } from './fixtures/tls-bed.ts';

test('a site is served over TLS 1.3 and 1.2, with the certificate of its name', () =>
  using(async (bed) => {
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const socket = await handshake(bed, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      assert.match(await respond(socket, get('/a.txt')), /^HTTP\/1\.1 200 OK[^]*hello$/);
      socket.destroy();
    }
  }));

test('repeated requests are served from the memo', () =>
  using(async (bed) => {
    const socket = await handshake(bed);
    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const response = await respond(socket, get('/a.txt'));
      assert.match(response, /hello$/);
      seen.add(/x-request-id: (\S+)/i.exec(response)?.[1] ?? '');
      socket.removeAllListeners('data');
    }
    assert.equal(seen.size, 20);
    socket.destroy();
  }));

test('requests in one packet get their responses in order, each with an id of its own', () =>
  using(async (bed) => {
    const socket = await handshake(bed);
    let got = '';
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
    });
    // Each write is a record, and all of them arrive at once.
    for (let i = 0; i < 30; i++) socket.write(get('/a.txt'));
    await eventually(() => got.split('hello').length === 31);
    assert.equal(new Set(got.match(/x-request-id: \S+/gi)).size, 30);
    socket.destroy();
  }));

test('a function is told that the client uses https', () =>
  using(async (bed) => {
    const { host } = await bed.deployment((req, res) => void res.end(String(req.headers['x-forwarded-proto'])));
    bed.certificates.serve([host], await materialFor(host));
    const socket = await handshake(bed, { servername: host });
    assert.match(await respond(socket, get('/', host)), /https/);
    socket.destroy();
    assert.equal((await bed.get('/', { host })).text, 'http');
  }));

test('requests that node:http reads are served over TLS too', () =>
  using(async (bed) => {
    const { host } = await bed.deployment((req, res) => {
      let body = '';
      req.on('data', (chunk) => {
        body += chunk;
      });
      req.on('end', () => res.end(`${String(req.headers['x-forwarded-proto'])} ${body}`));
    });
    bed.certificates.serve([host], await materialFor(host));
    const socket = await handshake(bed, { servername: host });
    const request = `POST / HTTP/1.1\r\nhost: ${host}\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`;
    assert.match(await respond(socket, request), /https body/);
    socket.destroy();
  }));

test('a ClientHello in one-byte pieces is served', () =>
  using(async (bed) => {
    const raw = connectPlain({ port: bed.httpsPort, host: '127.0.0.1', noDelay: true });
    let pieces = 0;
    const socket = new Duplex({
      read: () => void raw.resume(),
      write(bytes: Buffer, _encoding, done) {
        for (let i = 0; i < bytes.length; i++) raw.write(bytes.subarray(i, i + 1));
        pieces += bytes.length;
        setImmediate(done);
      },
      destroy(error, done) {
        raw.destroy();
        done(error);
      },
    });
    raw.on('data', (chunk) => socket.push(chunk));
    raw.on('end', () => socket.push(null));
    const secure = await handshake(bed, { socket });
    assert.ok(pieces > 300);
    assert.match(await respond(secure, get('/a.txt')), /hello$/);
    secure.destroy();
  }));

test('plain HTTP on the https port is told so', () =>
  using(async (bed) => {
    const client = connectPlain({ port: bed.httpsPort, host: '127.0.0.1' });
    let got = '';
    client.on('data', (chunk) => {
      got += chunk.toString('latin1');
    });
    client.write(get('/a.txt'));
    await once(client, 'close');
    assert.match(got, /^HTTP\/1\.1 400 Bad Request[^]*https:\/\//);
  }));

test('a listed proxy names client and address, and one from a stranger gets no handshake', async () => {
  const header = 'PROXY TCP4 203.0.113.9 198.51.100.1 1 443\r\n';
  const through = async (bed: TestBed): Promise<TLSSocket> => {
    const raw = connectPlain({ port: bed.httpsPort, host: '127.0.0.1' });
    raw.on('error', () => undefined);
    raw.write(header);
    return handshake(bed, { socket: raw, servername: '', checkServerIdentity: () => undefined });
  };
  await using(
    async (bed) => {
      const address = '198.51.100.1';
      bed.certificates.serve([address], await materialFor(address));
      bed.route(address, dpl(2), bed.artifact({ files: { '/a.txt': bed.file('hello') } }));
      const socket = await through(bed);
      assert.equal(socket.getPeerCertificate().subjectaltname, 'IP Address:198.51.100.1');
      assert.match(await respond(socket, get('/a.txt', address)), /hello$/);
      assert.equal(bed.log.at(-1)?.ip, '203.0.113.9');
      socket.destroy();
      assert.equal(await refusal(bed, {}), 'ECONNRESET', 'without the header');
    },
    { proxyProtocolFrom: ['127.0.0.1'] },
  );
  await using(async (bed) => {
    bed.certificates.serve(['198.51.100.1'], await materialFor('198.51.100.1'));
    await assert.rejects(through(bed));
  });
});
