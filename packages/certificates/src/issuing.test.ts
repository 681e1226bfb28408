import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import { must } from '@anchor/testing/samples.ts';
import { until } from '@anchor/testing/until.ts';
import { recordsOf, withPebble, World } from './fixtures/world.ts';

const world = (await World.start())!;

/** Requests a certificate and follows the order to its end. Returns its leaf as the edge got it. */
async function issue(names: readonly string[], over: Parameters<World['open']>[0] = {}): Promise<X509Certificate> {
  const { certificates } = await world.open(over);
  try {
    must(await certificates.request(names, 'domain'));
    await certificates.tick();
    const { certificate, failed } = await certificates.statusOf(names[0]!);
    assert.ok(certificate !== undefined, JSON.stringify(failed));
    const published = world.edge.certificates.get(certificate.id)!;
    const leaf = new X509Certificate(published.chainPem);
    assert.ok(leaf.checkPrivateKey((await import('node:crypto')).createPrivateKey(published.keyPem)));
    return leaf;
  } finally {
    await certificates.close();
  }
}

test('a certificate for two names comes by http-01, and its challenges are gone afterwards', withPebble, async () => {
  const leaf = await issue(['www.example.com', 'example.com']);
  assert.equal(leaf.subjectAltName, 'DNS:example.com, DNS:www.example.com');
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(world.edge.texts.size, 0);
});

test('a certificate comes by tls-alpn-01', withPebble, async () => {
  const before = world.edge.requests.alpn;
  await issue(['alpn.example.com'], { challengeTypes: ['tls-alpn-01'] });
  assert.ok(world.edge.requests.alpn > before);
  assert.equal(world.edge.alpn.size, 0);
});

test(
  'a wildcard outside of all zones comes by dns-01 where its challenge is an alias into one',
  withPebble,
  async () => {
    const dns = { ...recordsOf(world.dns), zoneOf: () => undefined };
    const leaf = await issue(['*.alias.example.com'], { dns });
    assert.match(leaf.subjectAltName ?? '', /DNS:\*\.alias\.example\.com/);
  },
);

test(
  'a wildcard whose challenge leads to no provider is refused with the reason before an order',
  withPebble,
  async () => {
    const refusal = fail('source_refused', 'x is an alias of y, for which no DNS provider is configured', 'Add it.');
    const dns = { ...recordsOf(world.dns), zoneOf: () => undefined, canWrite: async () => refusal };
    const { certificates } = await world.open({ dns });
    const before = world.pebble.counts.orders;
    assert.deepEqual(await certificates.request(['*.astray.example.com'], 'domain'), refusal);
    await certificates.tick();
    assert.equal(world.pebble.counts.orders, before);
    await certificates.close();
  },
);

test(
  'wildcards whose records are never visible delay no other order, two of one domain at once',
  withPebble,
  async () => {
    const unseen = new Map<string, () => void>();
    const late = fail('not_ready', 'The TXT record x is not visible', 'Retry.');
    const dns: DnsRecords = {
      ...recordsOf(world.dns),
      zoneOf: () => undefined,
      putTxt: async () => ok(undefined),
      removeTxt: async () => ok(undefined),
      waitUntilVisible: (name) => new Promise((resolve) => unseen.set(name, () => resolve(late))),
    };
    const { certificates } = await world.open({ dns });
    for (const name of ['a.one', 'b.one', 'c.one', 'a.two', 'b.two', 'a.three', 'b.three'])
      must(await certificates.request([`*.${name}.test`], 'domain'));
    await until('six wait for DNS', () => unseen.size === 6);
    must(await certificates.request(['prompt.example.com'], 'domain'));
    const hasPrompt = async (): Promise<boolean> =>
      (await certificates.statusOf('prompt.example.com')).certificate !== undefined;
    await until('the other order is done', hasPrompt);
    assert.ok(!unseen.has('_acme-challenge.c.one.test'));
    for (const end of unseen.values()) end();
    await until('the third of a domain has its turn', () => unseen.has('_acme-challenge.c.one.test'));
    unseen.get('_acme-challenge.c.one.test')?.();
    await certificates.close();
  },
);

test('a wildcard comes by dns-01 with the name above it', withPebble, async () => {
  const leaf = await issue(['*.wild.example.com', 'wild.example.com'], { dns: recordsOf(world.dns) });
  assert.match(leaf.subjectAltName ?? '', /DNS:\*\.wild\.example\.com/);
});

test('an address gets a certificate of six days, by http-01 and by tls-alpn-01', withPebble, async () => {
  for (const type of ['http-01', 'tls-alpn-01'] as const) {
    const leaf = await issue(['127.0.0.1'], { challengeTypes: [type] });
    assert.equal(leaf.subjectAltName, 'IP Address:127.0.0.1');
    assert.ok(leaf.validToDate.getTime() - leaf.validFromDate.getTime() < 7 * 86_400_000);
  }
});
