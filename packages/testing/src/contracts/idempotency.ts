import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IDEMPOTENCY_TTL_MS, CLAIM_TIMEOUT_MS, type IdempotencyStore } from '@anchor/core/ports/stores.ts';
import { using, type Make } from '../harness.ts';

const NOW = Date.UTC(2030, 0, 1);

export function idempotencyStoreContract(name: string, make: Make<IdempotencyStore>): void {
  test(
    `${name}: the second claimant of a key gets the first's record, then its response`,
    using(make, async ({ subject }) => {
      assert.deepEqual(await subject.claim('k', 'first', NOW), { state: 'new' });
      assert.deepEqual(await subject.claim('k', 'second', NOW + 1), { state: 'pending', fingerprint: 'first' });
      await subject.finish('k', '{"id":"ü"}');
      assert.deepEqual(await subject.claim('k', 'third', NOW + 2), {
        state: 'done',
        fingerprint: 'first',
        response: '{"id":"ü"}',
      });
      assert.deepEqual(await subject.claim('other', 'f', NOW), { state: 'new' });
    }),
  );

  test(
    `${name}: of concurrent claims of one key exactly one is new`,
    using(make, async ({ subject }) => {
      const claims = await Promise.all(Array.from({ length: 10 }, (_, i) => subject.claim('k', `f${i}`, NOW)));
      assert.equal(claims.filter((claim) => claim.state === 'new').length, 1);
    }),
  );

  test(
    `${name}: a released key is free, a finished one is not`,
    using(make, async ({ subject }) => {
      await subject.claim('k', 'f', NOW);
      await subject.release('k');
      assert.deepEqual(await subject.claim('k', 'f', NOW), { state: 'new' });
      await subject.finish('k', 'answer');
      await subject.release('k');
      assert.equal((await subject.claim('k', 'f', NOW)).state, 'done');
    }),
  );

  test(
    `${name}: a response is stored for a day, a claim that was never finished until it counts as abandoned`,
    using(make, async ({ subject }) => {
      await subject.claim('done', 'f', NOW);
      await subject.finish('done', 'answer');
      assert.equal((await subject.claim('done', 'f', NOW + IDEMPOTENCY_TTL_MS)).state, 'done');
      assert.equal((await subject.claim('done', 'g', NOW + IDEMPOTENCY_TTL_MS + 1)).state, 'new');
      await subject.claim('left', 'f', NOW);
      assert.equal((await subject.claim('left', 'f', NOW + CLAIM_TIMEOUT_MS)).state, 'pending');
      assert.equal((await subject.claim('left', 'g', NOW + CLAIM_TIMEOUT_MS + 1)).state, 'new');
      assert.deepEqual(await subject.claim('left', 'h', NOW + CLAIM_TIMEOUT_MS + 2), {
        state: 'pending',
        fingerprint: 'g',
      });
    }),
  );

  test(
    `${name}: old records are removed, younger ones stay`,
    using(make, async ({ subject }) => {
      await subject.claim('old', 'f', NOW);
      await subject.claim('young', 'f', NOW + 1000);
      await subject.expire(NOW + 1000);
      assert.equal((await subject.claim('old', 'f', NOW + 1000)).state, 'new');
      assert.equal((await subject.claim('young', 'f', NOW + 1000)).state, 'pending');
    }),
  );

  test(
    `${name}: a response is there after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      await subject.claim('k', 'f', NOW);
      await subject.finish('k', 'answer');
      assert.deepEqual(await (await reopen()).claim('k', 'f', NOW), {
        state: 'done',
        fingerprint: 'f',
        response: 'answer',
      });
    }),
  );
}
