import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainName } from '@anchor/core/names/name.ts';
import type { DnsLookup, DnsReport } from '@anchor/core/ports/dns-lookup.ts';
import { using, type Harness } from '../harness.ts';

/** `here` leads to a server that returns the token, `absent` is in the same zone and does not exist. */
type LookupHarness = Harness<DnsLookup> & Readonly<{ here: string; absent: string }>;
type Options = Readonly<{ skip: string | false }>;

export function dnsLookupContract(
  name: string,
  make: () => Promise<LookupHarness>,
  options: Options = { skip: false },
): void {
  const inspect = (subject: DnsLookup, domain: string, signal?: AbortSignal): Promise<DnsReport> =>
    subject.inspect(
      {
        name: domain as DomainName,
        ownership: `_anchor.${domain}`,
        path: '/.well-known/anchor-check/1',
        token: 'token',
      },
      signal,
    );

  test(
    `${name}: a name that leads here has servers, addresses, and our token at each of them`,
    options,
    using(make, async ({ subject, here }) => {
      const report = await inspect(subject, here);
      assert.deepEqual([report.name, report.exists, report.faults], [here, true, []]);
      assert.ok(report.servers.length > 0);
      assert.ok(report.a.length > 0);
      assert.deepEqual(
        report.addresses.map(({ address }) => address),
        [...report.a, ...report.aaaa],
      );
      for (const { outcome } of report.addresses) assert.equal(outcome, 'ours');
    }),
  );

  test(
    `${name}: a name that does not exist has no addresses and no faults`,
    options,
    using(make, async ({ subject, absent }) => {
      const { exists, a, aaaa, cname, addresses, ownership, faults } = await inspect(subject, absent);
      assert.equal(exists, false);
      assert.deepEqual([a, aaaa, cname, addresses, ownership, faults], [[], [], [], [], [], []]);
    }),
  );

  test(
    `${name}: an aborted inspection resolves`,
    options,
    using(make, async ({ subject, here }) => {
      assert.equal((await inspect(subject, here, AbortSignal.abort())).name, here);
    }),
  );
}
