import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { must } from '@anchor/testing/samples.ts';
import { createCertificates, type CertificatesOptions } from './create-certificates.ts';

const DAY = 86_400_000;
const validity = (days: number) => ({ notBefore: Date.now() - DAY, notAfter: Date.now() + days * DAY });
const rootKey = await generateKeyPem();
const root = await createAuthority('Company CA', rootKey, validity(400));

async function certificateFor(names: readonly string[], days = 90) {
  const keyPem = await generateKeyPem();
  const identifiers = names.map((value) => ({ type: 'dns', value }) as const);
  const leaf = await issueCertificate({ certificatePem: root, keyPem: rootKey }, identifiers, keyPem, validity(days));
  return { chainPem: leaf + root, keyPem };
}

async function open(over: Partial<CertificatesOptions> = {}) {
  const served = new MemoryServedCertificates();
  const down = { name: 'Down', directoryUrl: 'https://127.0.0.1:1/dir' };
  const options = { store: certificateStore(), secrets: secretBox(), served, clock: systemClock, authorities: [down] };
  const certificates = await createCertificates({ ...options, ...over });
  return { certificates, ...options };
}

test('an upload is served at once, with its key sealed in the store, and after a restart', async () => {
  const { certificates, served, store, secrets } = await open();
  const { chainPem, keyPem } = await certificateFor(['shop.example.com', '*.shop.example.com']);
  const { id, origin, renewAt } = must(await certificates.upload(chainPem, keyPem));
  assert.deepEqual([origin, renewAt], ['upload', undefined]);
  assert.equal(served.read(id)?.keyPem, keyPem);
  assert.equal((await certificates.statusOf('a.shop.example.com')).certificate?.id, id);
  assert.ok(!JSON.stringify(await store.list('certificate')).includes('PRIVATE KEY'));
  await certificates.close();
  const next = await open({ store, secrets, served: new MemoryServedCertificates() });
  assert.equal((await next.certificates.statusOf('shop.example.com')).certificate?.id, id);
  await next.certificates.close();
});

test('a name with an upload is not ordered, and its order in flight ends', async () => {
  const { certificates } = await open();
  must(await certificates.request(['shop.example.com'], 'domain'));
  assert.notEqual((await certificates.statusOf('shop.example.com')).order, undefined);
  const { chainPem, keyPem } = await certificateFor(['shop.example.com']);
  must(await certificates.upload(chainPem, keyPem));
  must(await certificates.request(['shop.example.com'], 'domain'));
  await certificates.tick();
  assert.equal((await certificates.statusOf('shop.example.com')).order, undefined);
  const renewed = await certificates.renew('shop.example.com');
  assert.equal(renewed.ok ? '' : renewed.error.code, 'unsupported');
  await certificates.close();
});

test('its successor takes its place, and an older one is removed by name', async () => {
  const { certificates, served } = await open();
  const [first, second] = [await certificateFor(['shop.example.com']), await certificateFor(['shop.example.com'], 180)];
  must(await certificates.upload(first.chainPem, first.keyPem));
  const { id } = must(await certificates.upload(second.chainPem, second.keyPem));
  assert.deepEqual(
    (await certificates.list()).map((each) => each.id),
    [id],
  );
  assert.deepEqual(await served.published(), [id]);
  must(await certificates.upload(second.chainPem, second.keyPem));
  await certificates.remove('shop.example.com', async () => false);
  assert.deepEqual([await certificates.list(), await served.published()], [[], []]);
  await certificates.close();
});

test('a check stores nothing', async () => {
  const { certificates, store } = await open();
  const { chainPem, keyPem } = await certificateFor(['shop.example.com']);
  assert.deepEqual(must(await certificates.inspect(chainPem, keyPem)).names, ['shop.example.com']);
  assert.deepEqual(await store.list('certificate'), []);
  await certificates.close();
});

test('a damaged record is reported, and all others are served', async () => {
  const { certificates, store, secrets } = await open();
  const { chainPem, keyPem } = await certificateFor(['shop.example.com']);
  const { id } = must(await certificates.upload(chainPem, keyPem));
  await certificates.close();
  await store.put({ kind: 'certificate', id: 'damaged', version: 1, doc: '{"names":' });
  await store.put({ kind: 'order', id: 'odd', version: 1, doc: '{"names":[]}' });
  const errors: string[] = [];
  const next = await open({ store, secrets, onError: (error) => errors.push(String(error)) });
  assert.deepEqual(
    (await next.certificates.list()).map((each) => each.id),
    [id],
  );
  assert.match(errors.join(), /certificate\/damaged.*order\/odd/);
  await next.certificates.close();
});

test('an upload and an order for several names go with the last name that is used', async () => {
  const { certificates, served, store } = await open();
  const names = ['shop.example.com', 'www.example.com'];
  const { chainPem, keyPem } = await certificateFor(names);
  must(await certificates.upload(chainPem, keyPem));
  must(await certificates.request(['www.example.com', 'else.example.com'], 'domain'));
  const used = new Set(['www.example.com', 'else.example.com']);
  const isUsed = async (name: string): Promise<boolean> => used.has(name);
  await certificates.remove('shop.example.com', isUsed);
  assert.equal((await served.published()).length, 1);
  await certificates.remove('www.example.com', isUsed);
  assert.deepEqual([await certificates.list(), await served.published()], [[], []]);
  assert.deepEqual(await store.list('certificate'), []);
  assert.notEqual((await certificates.statusOf('else.example.com')).order, undefined);
  await certificates.remove('else.example.com', async () => false);
  assert.deepEqual(await certificates.statusOf('else.example.com'), {});
  await certificates.close();
});

test('uploads for a name that has a new owner are removed, also those for several names', async () => {
  const { certificates, served } = await open();
  for (const names of [['shop.example.com', 'www.example.com'], ['www.example.com']]) {
    const { chainPem, keyPem } = await certificateFor(names);
    must(await certificates.upload(chainPem, keyPem));
  }
  await certificates.removeUploads('shop.example.com');
  assert.equal((await certificates.statusOf('shop.example.com')).certificate, undefined);
  assert.deepEqual((await certificates.statusOf('www.example.com')).certificate?.names, ['www.example.com']);
  assert.equal((await served.published()).length, 1);
  await certificates.close();
});
