import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateRecord, CertificateStore } from '@anchor/core/ports/certificate-store.ts';
import { using, type Make } from '../harness.ts';

const record = (over: Partial<CertificateRecord> = {}): CertificateRecord => ({
  kind: 'order',
  id: 'a',
  version: 1,
  doc: '{"names":["example.com"]}',
  ...over,
});

export function certificateStoreContract(name: string, make: Make<CertificateStore>): void {
  test(
    `${name}: a record is what was last written, also after opening again`,
    using(make, async ({ subject, reopen }) => {
      assert.equal(await subject.get('order', 'a'), undefined);
      assert.equal(await subject.put(record()), true);
      assert.equal(await subject.put(record({ version: 2, doc: '{}' })), true);
      assert.deepEqual(await subject.get('order', 'a'), record({ version: 2, doc: '{}' }));
      if (reopen !== undefined)
        assert.deepEqual(await (await reopen()).get('order', 'a'), record({ version: 2, doc: '{}' }));
    }),
  );

  test(
    `${name}: of two writers of one version one wins`,
    using(make, async ({ subject }) => {
      const first = await Promise.all([subject.put(record({ doc: '1' })), subject.put(record({ doc: '2' }))]);
      assert.deepEqual(first.toSorted(), [false, true]);
      const second = await Promise.all(['3', '4'].map((doc) => subject.put(record({ version: 2, doc }))));
      assert.deepEqual(second.toSorted(), [false, true]);
      assert.equal(await subject.put(record({ version: 4 })), false, 'a version was skipped');
      assert.equal(await subject.put(record({ id: 'new', version: 2 })), false, 'there is nothing to replace');
    }),
  );

  test(
    `${name}: kinds are listed apart, and what was removed is written again from version 1`,
    using(make, async ({ subject }) => {
      await subject.put(record());
      await subject.put(record({ kind: 'certificate' }));
      await subject.put(record({ kind: 'certificate', id: 'b' }));
      assert.deepEqual((await subject.list('certificate')).map(({ id }) => id).toSorted(), ['a', 'b']);
      await subject.remove('certificate', 'a');
      await subject.remove('certificate', 'a');
      assert.deepEqual(
        (await subject.list('certificate')).map(({ id }) => id),
        ['b'],
      );
      assert.notEqual(await subject.get('order', 'a'), undefined);
      assert.equal(await subject.put(record({ kind: 'certificate' })), true);
    }),
  );

  test(
    `${name}: a record of 400 KB is stored whole`,
    using(make, async ({ subject }) => {
      const doc = JSON.stringify('ü'.repeat(199_999));
      await subject.put(record({ doc }));
      assert.equal((await subject.get('order', 'a'))?.doc, doc);
    }),
  );
}
