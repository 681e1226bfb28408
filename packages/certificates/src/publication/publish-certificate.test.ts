import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedCertificate } from '@anchor/core/ports/served-certificates.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { must } from '@anchor/testing/samples.ts';
import { keyContext, openTables, type StoredCertificate } from '../records/records.ts';
import { publishCertificate } from './publish-certificate.ts';

const ID = 'one';

/** A stored certificate, and an edge that runs `during` while it gets its first certificate. */
async function setUp(during: () => Promise<unknown>) {
  const secrets = secretBox();
  const tables = openTables(certificateStore(), () => undefined);
  const chains: string[] = [];
  const withdrawn: string[] = [];
  const served = new (class extends MemoryServedCertificates {
    override async publish({ chainPem }: PublishedCertificate): Promise<void> {
      if (chains.length === 0) await during();
      chains.push(chainPem);
    }
    override async withdraw(id: string): Promise<void> {
      withdrawn.push(id);
    }
  })();
  const certificate = async (chainPem: string): Promise<StoredCertificate> => ({
    names: ['shop.test'],
    origin: 'acme',
    issuer: 'CA',
    chainPem,
    sealedKey: await secrets.seal('key', keyContext('certificate', ID)),
    notBefore: 0,
    notAfter: 1,
    renewals: 0,
    fingerprint: chainPem,
    published: false,
  });
  return { secrets, tables, served, chains, withdrawn, certificate };
}

test('a certificate that is replaced while it is published does not stay at the edge', async () => {
  const bed = await setUp(async () => bed.tables.certificates.overwrite(ID, await bed.certificate('new')));
  const stored = await bed.tables.certificates.overwrite(ID, await bed.certificate('old'));
  must(await publishCertificate(bed.tables, bed.secrets, bed.served, stored));
  assert.deepEqual(bed.chains, ['old', 'new']);
  assert.equal((await bed.tables.certificates.get(ID))?.value.published, true);
});

test('a certificate that is removed while it is published is withdrawn', async () => {
  const bed = await setUp(() => bed.tables.certificates.remove(ID));
  const stored = await bed.tables.certificates.overwrite(ID, await bed.certificate('old'));
  must(await publishCertificate(bed.tables, bed.secrets, bed.served, stored));
  assert.deepEqual(bed.withdrawn, [ID]);
});
