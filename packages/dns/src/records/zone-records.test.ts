import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { hasKnot, KNOT_KEY } from '@anchor/testing/knot/knot.ts';
import { createDns } from '../dns.ts';
import { LOOPBACK, LoopbackDns } from '../fixtures/loopback-dns.ts';
import { Credential } from './credential.ts';
import { Rfc2136Provider } from './rfc2136/rfc2136-provider.ts';

const options = { skip: hasKnot() ? false : 'knotd cannot be had' };
const NAME = '_acme-challenge.shop.test';
let dns: LoopbackDns;
before(async () => {
  if (options.skip === false) dns = await LoopbackDns.start();
});
after(() => dns?.stop());

const provider = (zone: string, address: string = LOOPBACK[1]): Rfc2136Provider =>
  new Rfc2136Provider({
    zone,
    server: { address, port: dns.port },
    keyName: KNOT_KEY.name,
    algorithm: 'hmac-sha256',
    secret: new Credential(KNOT_KEY.secret),
  });
const records = (): DnsRecords =>
  createDns({
    ownAddresses: LOOPBACK,
    roots: [{ address: LOOPBACK[0], port: dns.port }],
    dnsPort: dns.port,
    providers: new Map([
      ['shop.test', provider('shop.test')],
      ['deep.shop.test', provider('deep.shop.test')],
    ]),
    pollMs: 10,
  }).records;

test('the provider with the longest zone has a name, and others have none', options, () => {
  const subject = records();
  assert.equal(subject.zoneOf(NAME), 'shop.test');
  assert.equal(subject.zoneOf('a.deep.shop.test'), 'deep.shop.test');
  for (const name of ['notshop.test', 'test', 'shop.test.evil.test']) assert.equal(subject.zoneOf(name), undefined);
});

test('a name without a provider is refused', options, async () => {
  const result = await records().putTxt('a.example.test', 'x');
  assert.ok(!result.ok && result.error.code === 'source_refused');
});

test('a value is visible only when every authoritative server has it', options, async () => {
  const subject = records();
  assert.ok((await subject.putTxt(NAME, 'one')).ok);
  const early = await subject.waitUntilVisible(NAME, 'one', 200);
  assert.ok(!early.ok && early.error.code === 'not_ready');
  assert.match(early.error.cause ?? '', /ns2\.shop\.test does not return the value/);
  // The second server gets it, as by a zone transfer.
  const wait = subject.waitUntilVisible(NAME, 'one', 10_000);
  assert.ok((await provider('shop.test', LOOPBACK[2]).put(NAME, 'one')).ok);
  assert.deepEqual(await wait, { ok: true, value: undefined });
});

test('a challenge name that is an alias is written where the alias leads to, and removed there', options, async () => {
  const [subject, name] = [records(), '_acme-challenge.customer.test'];
  assert.deepEqual(await subject.canWrite(name), { ok: true, value: undefined });
  assert.ok((await subject.putTxt(name, 'delegated')).ok);
  assert.ok((await provider('shop.test', LOOPBACK[2]).put('customer._acme-challenge.shop.test', 'delegated')).ok);
  assert.deepEqual(await subject.waitUntilVisible(name, 'delegated', 10_000), { ok: true, value: undefined });
  assert.ok((await subject.removeTxt(name, 'delegated')).ok);
  const gone = await subject.waitUntilVisible(name, 'delegated', 200);
  assert.match(gone.ok ? '' : (gone.error.cause ?? ''), /ns1\.shop\.test does not return the value/);
});

test(
  'an alias that leads to no provider, to a name of a site, or in a circle is refused and says so',
  options,
  async () => {
    const subject = records();
    for (const [name, message] of [
      [
        '_acme-challenge.far.customer.test',
        /is an alias of _acme-challenge\.elsewhere\.test, for which no DNS provider/,
      ],
      ['_acme-challenge.trap.customer.test', /is an alias of www\.shop\.test, which is no name for challenges/],
      ['_acme-challenge.ring.customer.test', /No DNS provider is configured for _acme-challenge\.ring/],
    ] as const) {
      for (const result of [await subject.canWrite(name), await subject.putTxt(name, 'x')])
        assert.match(result.ok ? 'written' : result.error.message, message);
    }
  },
);

test('a signal ends the wait', options, async () => {
  const abort = new AbortController();
  const wait = records().waitUntilVisible(NAME, 'never', 60_000, abort.signal);
  abort.abort();
  const result = await wait;
  assert.ok(!result.ok && result.error.code === 'not_ready');
});
