import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createAlpnCertificate } from '@anchor/acme/x509/alpn-certificate.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { eventually } from '../../testing/test-bed.ts';
import {
  materialFor,
  site,
  wildcard,
  handshake,
  refusal,
  respond,
  get,
  using,
  UNRECOGNIZED,
} from './fixtures/tls-bed.ts';

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
