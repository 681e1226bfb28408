import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, test } from 'node:test';
import { systemClock } from '@anchor/core/ports/clock.ts';
import { must } from '@anchor/testing/samples.ts';
import type { LocalCertificates } from './create-certificates.ts';
import { authorityOf, recordsOf, withPebble, World } from './fixtures/world.ts';

const DAY = 86_400_000;
const HMAC_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';
const world = (await World.start({ retryAfterSeconds: 0 }))!;
const strict = await world?.anotherCa({ retryAfterSeconds: 0, externalAccounts: { 'kid-1': HMAC_KEY } });
after(() => strict?.stop());

/** Runs an order to its end. Returns what the edge has then. */
async function issued(certificates: LocalCertificates, name: string) {
  must(await certificates.request([name], 'domain'));
  await certificates.tick();
  return publishedFor(certificates, name);
}

async function publishedFor(certificates: LocalCertificates, name: string) {
  const { certificate, failed } = await certificates.statusOf(name);
  assert.ok(certificate !== undefined, JSON.stringify(failed));
  return { certificate, ...world.edge.certificates.get(certificate.id)! };
}

test(
  'a renewal comes when the CA says so, replaces the certificate there, has a new P-256 key, and is counted',
  withPebble,
  async () => {
    let offsetMs = 0;
    const clock = { now: () => systemClock.now() + offsetMs };
    const { certificates } = await world.open({ clock });
    const first = await issued(certificates, 'renew.example.com');
    assert.equal(first.certificate.renewals, 0);
    await world.pebble.setRenewalInfo(
      first.chainPem,
      JSON.stringify({ suggestedWindow: { start: '2020-01-01T00:00:00Z', end: '2020-01-02T00:00:00Z' } }),
    );
    offsetMs = DAY;
    // The first reads the renewal information and orders what it says is due.
    await certificates.tick();
    const second = await publishedFor(certificates, 'renew.example.com');
    assert.equal(second.id, first.id, 'it is published in place of the first');
    assert.equal(second.certificate.renewals, 1);
    assert.notEqual(second.keyPem, first.keyPem);
    assert.equal(new X509Certificate(second.chainPem).publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.match(world.pebble.output, /has been marked as replaced/);
    assert.deepEqual(certificates.orderCounts(), { issued: 1, issueFailures: 0, renewed: 1, renewalFailures: 0 });
    await certificates.close();
  },
);

test('a renewal on demand is an order at once, and a second one while it runs is none', withPebble, async () => {
  const { certificates } = await world.open();
  await issued(certificates, 'demand.example.com');
  const before = world.pebble.counts.orders;
  must(await certificates.renew('demand.example.com'));
  must(await certificates.renew('demand.example.com'));
  await certificates.tick();
  assert.equal(world.pebble.counts.orders - before, 1);
  assert.equal((await certificates.statusOf('demand.example.com')).certificate?.renewals, 1);
  assert.equal((await certificates.renew('unknown.example.com')).ok, false);
  await certificates.close();
});

test('no private key is readable in the store, and a moved one does not open', withPebble, async () => {
  const { certificates, store } = await world.open();
  const { keyPem, id } = await issued(certificates, 'sealed.example.com');
  const all = await Promise.all((['account', 'order', 'certificate'] as const).map((kind) => store.list(kind)));
  const text = JSON.stringify(all);
  assert.ok(!text.includes('PRIVATE KEY') && !text.includes(keyPem.split('\n')[1]!));
  const [one] = await store.list('certificate');
  await store.put({
    ...one!,
    id: `${id}-moved`,
    version: 1,
    doc: one!.doc.replace('"published":true', '"published":false'),
  });
  await certificates.close();
  const errors: unknown[] = [];
  const { certificates: next } = await world.open({ store, onError: (error) => errors.push(error) });
  assert.equal(world.edge.certificates.has(`${id}-moved`), false);
  await next.close();
});

test('a certificate that was stored and not published is published at the next start', withPebble, async () => {
  const { certificates, store, secrets } = await world.open();
  const { id } = await issued(certificates, 'lost.example.com');
  await certificates.close();
  world.edge.certificates.delete(id);
  world.edge.certificates.set('stranger', { ...world.edge.certificates.get(id)!, id: 'stranger' });
  const { certificates: next } = await world.open({ store, secrets });
  assert.deepEqual([world.edge.certificates.has(id), world.edge.certificates.has('stranger')], [true, false]);
  await next.close();
});

test('dns-persist-01 gives a wildcard twice by one record that stays', withPebble, async () => {
  const { certificates } = await world.open({ challengeTypes: ['dns-persist-01'], dns: recordsOf(world.dns) });
  await issued(certificates, '*.persist.example.com');
  must(await certificates.renew('*.persist.example.com'));
  await certificates.tick();
  assert.equal((await certificates.statusOf('x.persist.example.com')).certificate?.renewals, 1);
  await certificates.close();
});

test('dns-persist-01 without a provider says which record to set', withPebble, async () => {
  const { certificates } = await world.open({ challengeTypes: ['dns-persist-01'] });
  must(await certificates.request(['*.manual.example.com'], 'domain'));
  await certificates.tick();
  const { failed } = await certificates.statusOf('*.manual.example.com');
  const [, name, value] = /record: (\S+) TXT "(.+)"$/.exec(failed?.error.fix ?? '') ?? [];
  assert.equal(name, '_validation-persist.manual.example.com');
  await world.dns.addTxt(name!, value!);
  must(await certificates.renew('*.manual.example.com'));
  await certificates.tick();
  assert.notEqual((await certificates.statusOf('*.manual.example.com')).certificate, undefined);
  await certificates.close();
});

test('an external account is bound, and a profile is used when the CA offers it', withPebble, async () => {
  const externalAccount = { keyId: 'kid-1', hmacKey: HMAC_KEY };
  const { certificates } = await world.open({
    authorities: [authorityOf(strict!, { externalAccount, profile: 'shortlived' })],
  });
  const { certificate } = await issued(certificates, 'eab.example.com');
  assert.ok(certificate.notAfter - certificate.notBefore < 7 * DAY);
  assert.equal(certificates.authorities()[0]?.caa[0], 'pebble.letsencrypt.org');
  assert.match(certificates.authorities()[0]?.accountUri ?? '', /^https:/);
  await certificates.close();
  const without = await world.open({ authorities: [authorityOf(strict!, { profile: 'no such profile' })] });
  must(await without.certificates.request(['eab.example.com'], 'domain'));
  await without.certificates.tick();
  assert.equal((await without.certificates.statusOf('eab.example.com')).failed?.error.code, 'forbidden');
  await without.certificates.close();
});

test('an account that the CA has lost is registered again', withPebble, async () => {
  const { certificates, store, secrets } = await world.open();
  await issued(certificates, 'account.example.com');
  await certificates.close();
  const [account] = await store.list('account');
  const doc = account!.doc.replace(/my-account\/\w+/, 'my-account/ffff');
  assert.notEqual(doc, account!.doc);
  await store.put({ ...account!, version: account!.version + 1, doc });
  const { certificates: next } = await world.open({ store, secrets });
  must(await next.request(['account2.example.com'], 'domain'));
  await next.tick();
  must(await next.renew('account2.example.com'));
  await next.tick();
  assert.notEqual((await next.statusOf('account2.example.com')).certificate, undefined);
  await next.close();
});
