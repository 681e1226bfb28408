import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectPlain, createServer, isIP, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { connect, createServer as createSecureServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Identifier } from '@anchor/acme/messages/identifier.ts';
import { createAuthority, issueCertificate, type Authority } from '@anchor/acme/x509/authority.ts';
import { createAlpnCertificate } from '@anchor/acme/x509/alpn-certificate.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import type { CertificateMaterial } from '@anchor/core/ports/certificate-table.ts';
import { dpl, eventually, TestBed } from '../../testing/test-bed.ts';
import type { EdgeSettings } from '../../util/settings.ts';
import { Handshakes } from './handshakes.ts';
import { tunnel } from './tunnel.ts';

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

/** Returns the session of a connection that has served a request: TLS 1.3 sends tickets after the handshake. */
async function sessionOf(bed: TestBed, options: ConnectionOptions): Promise<Buffer> {
  const socket = await handshake(bed, options);
  let session: Buffer | undefined = socket.getSession();
  socket.on('session', (newest: Buffer) => {
    session = newest;
  });
  assert.match(await respond(socket, get('/a.txt')), /hello$/);
  socket.destroy();
  assert.ok(session !== undefined);
  return session;
}

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
      const session = await sessionOf(bed, versions);
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

test('a renewed certificate is used by the next handshake, and no request is lost by the change', () =>
  using(async (bed) => {
    const state = { done: false };
    let served = 0;
    const fingerprints = new Set<string>();
    const clients = Array.from({ length: 8 }, async () => {
      while (!state.done) {
        const socket = await handshake(bed);
        fingerprints.add(socket.getPeerCertificate().fingerprint256);
        for (let i = 0; i < 10; i++) {
          const response = await respond(socket, get('/a.txt'));
          assert.match(response, /^HTTP\/1\.1 200 OK[^]*hello$/);
          served++;
          socket.removeAllListeners('data');
        }
        socket.destroy();
      }
    });
    const renewals = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        bed.certificates.serve(['app.localhost'], await materialFor('app.localhost'));
        const before = fingerprints.size;
        await eventually(() => fingerprints.size > before || state.done);
      }
      state.done = true;
    };
    await Promise.all([renewals(), ...clients]).finally(() => {
      state.done = true;
    });
    assert.ok(served > 100);
  }));

test('sessions are resumed by another worker, which has the same ticket keys', () =>
  using(async (bed) => {
    const other = await start();
    try {
      const ticketKeys = [Buffer.alloc(48, 7).toString('base64')];
      for (const one of [bed, other]) one.certificates.publish({ ticketKeys });
      for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
        const versions = { minVersion: version, maxVersion: version };
        const session = await sessionOf(bed, versions);
        const resumed = await handshake(other, { ...versions, session });
        assert.equal(resumed.isSessionReused(), true, version);
        resumed.destroy();
      }
    } finally {
      await other.stop();
    }
  }));

test('few contexts are kept, and one is made for the first connection to a site', () =>
  using(
    async (bed) => {
      for (let i = 0; i < 6; i++) bed.certificates.serve([`s${i}.localhost`], await materialFor(`s${i}.localhost`));
      for (const [name, reads] of [
        ['s0', 1],
        ['s0', 1],
        ['s1', 2],
        ['s0', 2],
        ['s2', 3],
        ['s0', 3],
        ['s1', 4],
      ] as const) {
        (await handshake(bed, { servername: `${name}.localhost` })).destroy();
        assert.equal(bed.certificates.reads, reads, name);
      }
    },
    { tlsContexts: 2 },
  ));

test('a certificate that cannot be used costs its own site an alert, and no other one anything', () =>
  using(async (bed) => {
    bed.certificates.serve(['broken.localhost'], { chainPem: 'x', keyPem: 'y' });
    bed.certificates.serve(['foreign.localhost'], { chainPem: site.chainPem, keyPem: wildcard.keyPem });
    for (const servername of ['broken.localhost', 'foreign.localhost'])
      assert.equal(await refusal(bed, { servername }), 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR');
    (await handshake(bed)).destroy();
  }));

test('tls-alpn-01 gets the certificate of the challenge, and nothing but it', () =>
  using(async (bed) => {
    const keyPem = await generateKeyPem();
    const identifier = { type: 'dns', value: 'new.example.com' } as const;
    bed.certificates.store('challenge', {
      keyPem,
      chainPem: await createAlpnCertificate(identifier, 'token.x', keyPem),
    });
    bed.certificates.publish({ alpnChallenges: { 'new.example.com': 'challenge' } });
    const acme = { servername: 'new.example.com', ALPNProtocols: ['acme-tls/1'], rejectUnauthorized: false };
    const socket = await handshake(bed, acme);
    assert.equal(socket.alpnProtocol, 'acme-tls/1');
    assert.match(socket.getPeerX509Certificate()?.subjectAltName ?? '', /new\.example\.com/);
    socket.on('data', () => assert.fail('it is no connection for requests'));
    await once(socket, 'close');
    assert.equal(await refusal(bed, { servername: 'new.example.com' }), UNRECOGNIZED);
    assert.equal(await refusal(bed, { ...acme, servername: 'app.localhost' }), UNRECOGNIZED);
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

test('HSTS is on every response over TLS, memoized ones included, and yields to that of the application', () =>
  using(async (bed) => {
    const { host } = await bed.deployment((_req, res) => {
      res.setHeader('strict-transport-security', 'max-age=5');
      res.end('x');
    });
    bed.certificates.serve([host], await materialFor(host));
    bed.certificates.publish({
      domains: ['app.localhost', host].map((name) => ({ name, httpsOnly: true, hstsSeconds: 31_536_000 })),
    });
    const ours = 'Strict-Transport-Security: max-age=31536000';
    const count = (text: string): number => text.toLowerCase().split('strict-transport-security').length - 1;
    const socket = await handshake(bed);
    for (const path of ['/a.txt', '/a.txt', '/a.txt', '/a.txt', '/missing']) {
      const response = await respond(socket, get(path));
      socket.removeAllListeners('data');
      assert.ok(response.toLowerCase().includes(ours.toLowerCase()), `${path}: ${response}`);
      assert.equal(count(response), 1, path);
    }
    socket.destroy();
    const app = await handshake(bed, { servername: host });
    const response = await respond(app, get('/', host));
    assert.match(response, /max-age=5\r/);
    assert.equal(count(response), 1);
    app.destroy();
    bed.certificates.publish({ domains: [] });
    const later = await handshake(bed);
    assert.equal(count(await respond(later, get('/a.txt'))), 0);
    later.destroy();
  }));

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

/** Serves plain HTTP on a unix socket behind the PROXY header of a tunnel, as the control plane does. */
async function tunnelled(run: (bed: TestBed, server: Server, path: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-test-tunnel-'));
  const path = join(directory, 'api.sock');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
  });
  const bed = await new TestBed({ tunnels: new Map([['api.example.com', path]]) }).start();
  bed.certificates.serve(['*.example.com'], wildcard);
  try {
    await run(bed, server, path);
  } finally {
    await bed.stop();
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

test("a worker that stops closes the connections that it passes on, also the control plane's streams", () =>
  tunnelled(async (bed, server, path) => {
    await once(server.listen(path), 'listening');
    const socket = await handshake(bed, { servername: 'api.example.com' });
    assert.match(await respond(socket, get('/api/logs', 'api.example.com')), /hello$/);
    const closed = once(socket, 'close');
    await bed.stop();
    await closed;
  }));

test('while the control plane is down its connections get 502, and leave nothing open', async () => {
  const server = createSecureServer({ key: wildcard.keyPem, cert: wildcard.chainPem });
  const accepted = once(server, 'secureConnection');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, ca: authority.certificatePem, servername: 'api.example.com' });
  const [secure] = (await accepted) as [TLSSocket];
  const closed = once(secure, 'close');
  tunnel(secure, '/nonexistent');
  assert.match(await respond(client, get('/', 'api.example.com')), /^HTTP\/1\.1 502 [^]*restarting/);
  client.end();
  await closed;
  server.close();
});
