import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { using, type Harness } from '../harness.ts';
import { must } from '../samples.ts';

/** Records of one zone, and what its servers return. `skip`: why the service behind it cannot be had. */
type RecordsHarness = Harness<DnsRecords> & Readonly<{ values: (name: string) => Promise<readonly string[]> }>;
type Options = Readonly<{ skip: string | false }>;

export function dnsRecordsContract(
  name: string,
  zone: string,
  make: () => Promise<RecordsHarness>,
  options: Options = { skip: false },
): void {
  const record = `_acme-challenge.app.${zone}`;

  test(
    `${name}: a name is in its zone, and a look-alike is not`,
    options,
    using(make, async ({ subject }) => {
      assert.deepEqual(
        [zone, record].map((each) => subject.zoneOf(each)),
        [zone, zone],
      );
      for (const other of [`evil-${zone}`, `${zone}.evil.test`, 'test']) assert.equal(subject.zoneOf(other), undefined);
    }),
  );

  test(
    `${name}: values are added and removed one by one, and twice is no error`,
    options,
    using(make, async ({ subject, values }) => {
      for (const value of ['one', 'two', 'two']) must(await subject.putTxt(record, value));
      assert.deepEqual((await values(record)).toSorted(), ['one', 'two']);
      for (const value of ['one', 'one']) must(await subject.removeTxt(record, value));
      assert.deepEqual(await values(record), ['two']);
      must(await subject.removeTxt(record, 'two'));
      assert.deepEqual(await values(record), []);
    }),
  );

  test(
    `${name}: a value is visible after it was added, and one that was not is not ready`,
    options,
    using(make, async ({ subject }) => {
      must(await subject.putTxt(record, 'here'));
      must(await subject.waitUntilVisible(record, 'here', 10_000));
      const absent = await subject.waitUntilVisible(record, 'absent', 50);
      assert.ok(!absent.ok && absent.error.code === 'not_ready');
    }),
  );

  test(
    `${name}: a name outside all zones is refused`,
    options,
    using(make, async ({ subject }) => {
      must(await subject.canWrite(record));
      const other = 'a.other.test';
      for (const result of [
        await subject.canWrite(other),
        await subject.putTxt(other, 'x'),
        await subject.removeTxt(other, 'x'),
      ])
        assert.ok(!result.ok && result.error.code === 'source_refused');
    }),
  );
}
