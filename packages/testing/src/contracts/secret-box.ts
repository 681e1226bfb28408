import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { using, type Make } from '../harness.ts';
import { must } from '../samples.ts';

const CONTEXT = 'prj_1/production/DATABASE_URL';

export function secretBoxContract(name: string, make: Make<SecretBox>): void {
  test(
    `${name}: any text opens to itself, and is not readable while sealed`,
    using(make, async ({ subject }) => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), async (plain, context) => {
          const sealed = await subject.seal(plain, context);
          assert.equal(must(await subject.open(sealed, context)), plain);
          assert.ok(plain.length < 4 || !sealed.includes(plain));
        }),
        { numRuns: 100 },
      );
      const long = 'ü$#!"\'\n '.repeat(20_000);
      assert.equal(must(await subject.open(await subject.seal(long, CONTEXT), CONTEXT)), long);
    }),
  );

  test(
    `${name}: the same text is sealed differently each time`,
    using(make, async ({ subject }) => {
      assert.notEqual(await subject.seal('x', CONTEXT), await subject.seal('x', CONTEXT));
    }),
  );

  test(
    `${name}: a value that was moved to another context does not open`,
    using(make, async ({ subject }) => {
      const sealed = await subject.seal('secret', CONTEXT);
      for (const other of ['', `${CONTEXT} `, 'prj_2/production/DATABASE_URL', CONTEXT.toLowerCase()])
        assert.equal((await subject.open(sealed, other)).ok, false);
    }),
  );

  test(
    `${name}: a value with any one character changed, cut off or added does not open`,
    using(make, async ({ subject }) => {
      const sealed = await subject.seal('secret', CONTEXT);
      for (let i = 0; i < sealed.length; i++) {
        const changed = sealed.slice(0, i) + (sealed[i] === 'a' ? 'b' : 'a') + sealed.slice(i + 1);
        assert.equal((await subject.open(changed, CONTEXT)).ok, false, `character ${i}`);
        assert.equal((await subject.open(sealed.slice(0, i), CONTEXT)).ok, false, `cut to ${i}`);
      }
      assert.equal((await subject.open(`${sealed}A`, CONTEXT)).ok, false);
    }),
  );

  test(
    `${name}: anything else is an error, never thrown`,
    using(make, async ({ subject }) => {
      await fc.assert(
        fc.asyncProperty(fc.string(), async (text) => assert.equal((await subject.open(text, CONTEXT)).ok, false)),
        { numRuns: 100 },
      );
    }),
  );

  test(
    `${name}: what was sealed opens after opening the box again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      const sealed = await subject.seal('secret', CONTEXT);
      assert.equal(must(await (await reopen()).open(sealed, CONTEXT)), 'secret');
    }),
  );
}
