import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@anchor/core/names/id.ts';
import type { Identity } from '@anchor/core/ports/identity.ts';
import { using, type Make } from '../harness.ts';
import { must } from '../samples.ts';

const GOOD = 'rather-unlikely-Sätze 🚀';

export function identityContract(name: string, make: Make<Identity>): void {
  test(
    `${name}: a person is proven by the password that was set last, and by no other`,
    using(make, async ({ subject, reopen }) => {
      const [ada, bob] = [newId('per', 1), newId('per', 2)];
      must(await subject.setPassword(ada, 'the-first-of-two'));
      must(await subject.setPassword(ada, GOOD));
      must(await subject.setPassword(bob, 'another-one-of-bob'));
      const identity = reopen === undefined ? subject : await reopen();
      assert.ok((await identity.authenticate({ kind: 'password', personId: ada, password: GOOD })).ok);
      for (const password of ['the-first-of-two', 'another-one-of-bob', '', `${GOOD} `, GOOD.toUpperCase()]) {
        const refused = await identity.authenticate({ kind: 'password', personId: ada, password });
        assert.ok(!refused.ok && refused.error.code === 'unauthenticated', password);
      }
    }),
  );

  test(
    `${name}: an unknown person is not told from a wrong password`,
    using(make, async ({ subject }) => {
      const ada = newId('per', 1);
      must(await subject.setPassword(ada, GOOD));
      const wrong = await subject.authenticate({ kind: 'password', personId: ada, password: 'wrong' });
      for (const personId of [undefined, newId('per', 3)])
        assert.deepEqual(await subject.authenticate({ kind: 'password', personId, password: 'wrong' }), wrong);
    }),
  );

  test(
    `${name}: a removed person is proven by nothing, and removing it again is no error`,
    using(make, async ({ subject }) => {
      const ada = newId('per', 1);
      must(await subject.setPassword(ada, GOOD));
      await subject.remove(ada);
      await subject.remove(ada);
      assert.ok(!(await subject.authenticate({ kind: 'password', personId: ada, password: GOOD })).ok);
    }),
  );

  test(
    `${name}: passwords that are easily guessed are refused, others are not`,
    using(make, async ({ subject }) => {
      const known = ['ada.lovelace@example.com', 'Ada Lovelace'];
      for (const password of [
        '',
        'short',
        'qwertyuiop',
        'Password123',
        'aaaaaaaaaaaa',
        known[0] ?? '',
        'x'.repeat(201),
      ]) {
        const refused = await subject.checkPassword(password, known);
        assert.ok(!refused.ok && refused.error.code === 'invalid_input', password);
      }
      assert.ok((await subject.checkPassword(GOOD, known)).ok);
    }),
  );

  test(
    `${name}: many proofs at once are each right or refused as too many`,
    using(make, async ({ subject }) => {
      const ada = newId('per', 1);
      must(await subject.setPassword(ada, GOOD));
      const proofs = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          subject.authenticate({ kind: 'password', personId: ada, password: n % 2 === 0 ? GOOD : 'wrong' }),
        ),
      );
      for (const [n, proof] of proofs.entries())
        assert.ok(proof.ok ? n % 2 === 0 : n % 2 === 1 || proof.error.code === 'rate_limited');
    }),
  );
}
