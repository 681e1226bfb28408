import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Doorkeeper } from './doorkeeper.ts';

test('a text is known the second time, and many others use no more memory than their limit', () => {
  const seen = new Doorkeeper(10_000);
  assert.equal(seen.seenBefore('once'), false);
  assert.equal(seen.seenBefore('once'), true);
  for (let i = 0; i < 200_000; i++) {
    assert.equal(seen.seenBefore(`text ${i}`), false);
    if (i % 1000 === 0) assert.ok(seen.count <= (2 * 10_000) / 'text 0'.length);
  }
  assert.equal(seen.seenBefore('once'), false, 'it was too long ago');
});

test('no unseen text is reported as seen', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 4 })), fc.integer({ min: 1, max: 20 }), (texts, limit) => {
      const seen = new Doorkeeper(limit);
      texts.forEach((text, i) => {
        if (seen.seenBefore(text)) assert.ok(texts.slice(0, i).includes(text));
      });
    }),
  );
});
