import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FactStore } from '@anchor/core/ports/facts.ts';
import { using, type Make } from '../harness.ts';

export function factStoreContract(name: string, make: Make<FactStore>): void {
  test(
    `${name}: the last value is kept, also after opening again`,
    using(make, async ({ subject, reopen }) => {
      assert.equal(await subject.get('a'), undefined);
      await subject.set('a', '1');
      await subject.set('a', '2');
      await subject.set('b', '3');
      assert.equal(await subject.get('a'), '2');
      if (reopen !== undefined) assert.equal(await (await reopen()).get('a'), '2');
    }),
  );
}
