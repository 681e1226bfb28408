import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { createCertificates } from '../create-certificates.ts';
import { keyContext, openTables } from '../records/records.ts';
import { latestRenewal } from './renewal-time.ts';

const DAY = 86_400_000;

test('a renewal is due while a tenth of the lifetime is left, whatever window the CA names', () => {
  assert.equal(latestRenewal(0, 100 * DAY), 90 * DAY);
  assert.equal(latestRenewal(0, 6 * DAY), Math.round(5.4 * DAY));
});

test('an outage of the CA costs one request, at a start too, and not one per certificate', async () => {
  let connections = 0;
  const dead = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
  const { port } = dead.address() as { port: number };
  const [store, secrets] = [certificateStore(), secretBox()];
  const now = Date.now();
  const validity = { notBefore: now - DAY, notAfter: now + 89 * DAY };
  const keyPem = await generateKeyPem();
  const root = { certificatePem: await createAuthority('Root', keyPem, validity), keyPem };
  const chainPem = await issueCertificate(root, [{ type: 'dns', value: 'shop.test' }], keyPem, validity);
  const tables = openTables(store, () => undefined);
  for (let at = 0; at < 20; at++)
    await tables.certificates.insert(`${at}`, {
      names: [`shop-${at}.test`],
      origin: 'acme',
      authority: 'CA',
      issuer: 'Root',
      chainPem,
      sealedKey: await secrets.seal(keyPem, keyContext('certificate', `${at}`)),
      ...validity,
      renewAt: now + 60 * DAY,
      checkAt: now,
      renewals: 0,
      fingerprint: `${at}`,
      published: false,
    });
  const certificates = await createCertificates({
    store,
    secrets,
    served: new MemoryServedCertificates(),
    clock: { now: () => now },
    authorities: [{ name: 'CA', directoryUrl: `https://127.0.0.1:${port}/directory` }],
  });
  try {
    await certificates.tick();
    assert.equal(connections, 1);
  } finally {
    await certificates.close();
    await new Promise((resolve) => dead.close(resolve));
  }
});
