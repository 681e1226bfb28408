import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { manualClock } from '@anchor/testing/clock.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { must } from '@anchor/testing/samples.ts';
import { createCertificates, type CertificatesOptions } from '../create-certificates.ts';
import { trustInstructions } from './trust-instructions.ts';

const DAY = 86_400_000;

async function open(over: Partial<CertificatesOptions> = {}) {
  const served = new MemoryServedCertificates();
  const certificates = await createCertificates({
    store: certificateStore(),
    secrets: secretBox(),
    served,
    clock: systemClock,
    authorities: [],
    localAuthority: true,
    onError: (error) => assert.fail(String(error)),
    ...over,
  });
  return { certificates, served };
}

test('a client that trusts the local root accepts demo.localhost', async () => {
  const { certificates, served } = await open();
  must(await certificates.request(['demo.localhost'], 'domain'));
  const { certificate } = await certificates.statusOf('demo.localhost');
  assert.equal(certificate?.origin, 'local');
  const { chainPem: cert, keyPem: key } = served.read(certificate.id)!;
  const server = createServer({ cert, key }, (socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ca = await certificates.localRoot();
  const socket = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername: 'demo.localhost',
    ca,
  });
  await once(socket, 'secureConnect');
  assert.equal(socket.authorized, true);
  socket.destroy();
  server.close();
  await certificates.close();
});

test('the root is the same after a restart, and its key is sealed', async () => {
  const [store, secrets] = [certificateStore(), secretBox()];
  const first = await open({ store, secrets });
  const root = await first.certificates.localRoot();
  assert.ok(!JSON.stringify(await store.list('authority')).includes('PRIVATE KEY'));
  const second = await open({ store, secrets });
  assert.equal(await second.certificates.localRoot(), root);
});

test('a local certificate is renewed by itself before it expires', async () => {
  const clock = manualClock();
  const { certificates } = await open({ clock });
  must(await certificates.request(['demo.localhost'], 'domain'));
  const before = (await certificates.statusOf('demo.localhost')).certificate!;
  clock.advance(70 * DAY);
  await certificates.tick();
  const renewed = (await certificates.statusOf('demo.localhost')).certificate!;
  assert.deepEqual([renewed.renewals, renewed.id], [1, before.id]);
  assert.ok(renewed.notAfter > before.notAfter);
});

test('without the local CA, and for other names, it issues nothing', async () => {
  const { certificates } = await open({ localAuthority: false });
  assert.equal((await certificates.request(['demo.localhost'], 'domain')).ok, false);
  const { certificates: local } = await open();
  for (const name of ['example.com', 'localhost.example.com', 'notlocalhost'])
    assert.equal((await local.request([name], 'domain')).ok, false, name);
});

test('how to trust the root is said for each system, with the path of its file', async () => {
  const { certificates } = await open();
  assert.equal(new X509Certificate((await certificates.localRoot())!).ca, true);
  const all = trustInstructions('/data/local-ca.pem');
  assert.ok(all.length >= 6 && all.every(({ command }) => command.includes('/data/local-ca.pem')));
});
