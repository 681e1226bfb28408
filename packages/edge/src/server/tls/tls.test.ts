import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, isIP } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Identifier } from '@anchor/acme/messages/identifier.ts';
import { createAuthority, issueCertificate, type Authority } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import type { CertificateMaterial } from '@anchor/core/ports/certificate-table.ts';
import { eventually, TestBed } from '../../testing/test-bed.ts';
import type { EdgeSettings } from '../../util/settings.ts';

const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 86_400_000 };
const authorityKey = await generateKeyPem();
const authority: Authority = {
  keyPem: authorityKey,
  certificatePem: await createAuthority('Test CA', authorityKey, validity),
};

async function materialFor(...names: readonly string[]): Promise<CertificateMaterial> {
  const keyPem = await generateKeyPem();
  const identifiers = names.map((value): Identifier => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
  return { keyPem, chainPem: await issueCertificate(authority, identifiers, keyPem, validity) };
}

const site = await materialFor('app.localhost');
const wildcard = await materialFor('*.example.com');

async function start(settings: Partial<EdgeSettings> = {}): Promise<TestBed> {
  const bed = await new TestBed(settings).start();
  bed.site({ function: true, files: { '/a.txt': bed.file('hello', { type: 'text/plain' }) } });
  bed.certificates.serve(['app.localhost'], site);
  return bed;
}

async function handshake(bed: TestBed, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: bed.httpsPort,
    ca: authority.certificatePem,
    servername: 'app.localhost',
    ...options,
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}

/** Resolves with the error that ends a handshake. */
const refusal = (bed: TestBed, options: ConnectionOptions): Promise<string> =>
  handshake(bed, options).then(
    (socket) => {
      socket.destroy();
      return 'none';
    },
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

async function respond(socket: TLSSocket, request: string): Promise<string> {
  let got = '';
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString('latin1');
  });
  socket.write(request);
  await eventually(() => /\r\n\r\n(?:hello|\S)/.test(got) || socket.destroyed);
  return got;
}
const get = (path: string, host = 'app.localhost', more = ''): string =>
  `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`;

async function using(run: (bed: TestBed) => Promise<void>, settings: Partial<EdgeSettings> = {}): Promise<void> {
  const bed = await start(settings);
  try {
    await run(bed);
  } finally {
    await bed.stop();
  }
}

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

test('the exact name is found before the wildcard, which covers one label', () =>
  using(async (bed) => {
    bed.certificates.serve(['*.example.com'], wildcard);
    bed.certificates.serve(['one.example.com'], await materialFor('one.example.com'));
    const namesOf = async (servername: string): Promise<string | undefined> => {
      const socket = await handshake(bed, { servername });
      const names = socket.getPeerCertificate().subjectaltname;
      socket.destroy();
      return names;
    };
    assert.equal(await namesOf('one.example.com'), 'DNS:one.example.com');
    assert.equal(await namesOf('Two.Example.COM'), 'DNS:*.example.com');
    assert.equal(await refusal(bed, { servername: 'a.two.example.com' }), UNRECOGNIZED);
    assert.equal(await refusal(bed, { servername: 'example.com' }), UNRECOGNIZED);
  }));

const UNRECOGNIZED = 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME';

test('an unknown name and none get an alert', () =>
  using(async (bed) => {
    assert.equal(await refusal(bed, { servername: 'nobody.example' }), UNRECOGNIZED);
    assert.equal(await refusal(bed, { servername: '' }), UNRECOGNIZED);
  }));

test('without a name the certificate of the address is served', () =>
  using(async (bed) => {
    bed.certificates.serve(['127.0.0.1'], await materialFor('127.0.0.1'));
    const socket = await handshake(bed, { servername: '' });
    assert.equal(socket.getPeerCertificate().subjectaltname, 'IP Address:127.0.0.1');
    socket.destroy();
  }));

test('TLS 1.1 and ciphers without forward secrecy are refused', () =>
  using(async (bed) => {
    assert.equal(
      await refusal(bed, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    );
    assert.equal(
      await refusal(bed, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA' }),
      'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    );
  }));

test('the post-quantum group is chosen first', () =>
  using(async (bed) => {
    for (const [offered, chosen] of [
      ['X25519MLKEM768:X25519', 'X25519MLKEM768'],
      ['X25519:X25519MLKEM768', 'X25519MLKEM768'],
      ['X25519', 'X25519'],
      ['P-256', 'P-256'],
    ] as const) {
      const socket = await handshake(bed, { ecdhCurve: offered });
      const info = socket.getEphemeralKeyInfo();
      assert.ok(info !== null && 'name' in info, offered);
      assert.equal(info.name === 'prime256v1' ? 'P-256' : info.name, chosen, offered);
      socket.destroy();
    }
  }));

test('a session is resumed in TLS 1.3 and 1.2, and not for another site', () =>
  using(async (bed) => {
    bed.certificates.serve(['*.example.com'], wildcard);
    for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
      const versions = { minVersion: version, maxVersion: version };
      const first = await handshake(bed, versions);
      let session: Buffer | undefined = first.getSession();
      first.on('session', (newest: Buffer) => {
        session = newest;
      });
      assert.match(await respond(first, get('/a.txt')), /hello$/);
      first.destroy();
      assert.ok(session !== undefined);
      const resumed = await handshake(bed, { ...versions, session });
      assert.equal(resumed.isSessionReused(), true, version);
      resumed.destroy();
      const other = await handshake(bed, { ...versions, session, servername: 'a.example.com' });
      assert.equal(other.isSessionReused(), false, version);
      other.destroy();
    }
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
