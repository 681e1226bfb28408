import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthority, issueCertificate } from '@anchor/acme/x509/authority.ts';
import { generateKeyPem } from '@anchor/acme/x509/key-pair.ts';
import { ok } from '@anchor/core/result/result.ts';
import { certificateStore } from '@anchor/testing/memory/certificate-store.ts';
import { secretBox } from '@anchor/testing/memory/secret-box.ts';
import { MemoryServedCertificates } from '@anchor/testing/memory/served-certificates.ts';
import { keyContext, openTables } from '../records/records.ts';
import type { OrderContext } from './order-context.ts';
import { newOrder } from './order-record.ts';
import { OrderRun } from './order-run.ts';

const ID = 'one';
const URL = 'https://ca.test/order/1';
const now = Date.now();
const validity = { notBefore: now - 1000, notAfter: now + 86_400_000 };
const shape = { url: URL, identifiers: [{ type: 'dns', value: 'shop.test' }], finalize: URL };

/** An order that the CA has, and a CA that responds with `client`. */
async function setUp(client: object, over: Partial<OrderContext> = {}) {
  const secrets = secretBox();
  const tables = openTables(certificateStore(), () => undefined);
  const keyPem = await generateKeyPem();
  const sealedKey = await secrets.seal(keyPem, keyContext('order', ID));
  const order = { ...newOrder(['shop.test'], 'domain', 'CA', now), step: 'authorizing' as const, url: URL, sealedKey };
  const stored = (await tables.orders.insert(ID, order))!;
  const account = { url: 'https://ca.test/account/1', key: { thumbprint: 'thumb' } };
  const authority = { name: 'CA', caa: [], restsUntil: 0, account: async () => ok(account), client };
  const served = new MemoryServedCertificates();
  const context = {
    tables,
    secrets,
    served,
    clock: { now: () => now },
    authorities: [authority],
    onStep: () => undefined,
  };
  const all = { ...context, pollMs: 1, challengeTypes: ['dns-01'], ...over } as unknown as OrderContext;
  const start = (signal: AbortSignal): Promise<void> => new OrderRun(all, stored, signal).run();
  return { tables, served, keyPem, start };
}

test('a certificate whose order was removed during the download is neither stored nor served', async () => {
  let removeOrder = async (): Promise<unknown> => undefined;
  let chainPem = '';
  const bed = await setUp({
    order: async () => ok({ ...shape, status: 'valid', authorizations: [], certificate: URL }),
    certificate: async () => {
      await removeOrder();
      return ok(chainPem);
    },
  });
  removeOrder = () => bed.tables.orders.remove(ID);
  const root = { certificatePem: await createAuthority('Root', bed.keyPem, validity), keyPem: bed.keyPem };
  chainPem = await issueCertificate(root, [{ type: 'dns', value: 'shop.test' }], bed.keyPem, validity);
  await bed.start(new AbortController().signal);
  assert.deepEqual(await bed.tables.certificates.list(), []);
  assert.deepEqual(await bed.served.published(), []);
});

test('a stop of the platform while a DNS record spreads is no failure of the order', async () => {
  const abort = new AbortController();
  const dns = {
    zoneOf: () => 'test',
    zones: () => ['test'],
    putTxt: async () => ok(undefined),
    removeTxt: async () => ok(undefined),
    waitUntilVisible: async () => {
      abort.abort();
      return { ok: false, error: { code: 'not_ready', message: 'Not visible', fix: 'Retry.' } };
    },
  };
  const challenge = { type: 'dns-01', url: URL, status: 'pending', token: 'token' };
  const identifier = { type: 'dns', value: 'shop.test' };
  const client = {
    order: async () => ok({ ...shape, status: 'pending', authorizations: [URL] }),
    authorization: async () => ok({ status: 'pending', identifier, challenges: [challenge] }),
  };
  const bed = await setUp(client, { dns: dns as never });
  await bed.start(abort.signal);
  const left = (await bed.tables.orders.get(ID))?.value;
  assert.deepEqual([left?.step, left?.failures, left?.failure, left?.nextAt], ['authorizing', 0, undefined, now]);
});
