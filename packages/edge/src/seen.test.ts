import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Seen } from './seen.ts';

test('a text is known the second time, and many others take no more room than they may', () => {
  const seen = new Seen(10_000);
  assert.equal(seen.before('once'), false);
  assert.equal(seen.before('once'), true);
  for (let i = 0; i < 200_000; i++) {
    assert.equal(seen.before(`text ${i}`), false);
    if (i % 1000 === 0) assert.ok(seen.count <= 2 * 10_000 / 'text 0'.length);
  }
  assert.equal(seen.before('once'), false, 'it was too long ago');
});

test('nothing is said to have been there that was not', () => {
  fc.assert(fc.property(fc.array(fc.string({ maxLength: 4 })), fc.integer({ min: 1, max: 20 }), (texts, limit) => {
    const seen = new Seen(limit);
    texts.forEach((text, i) => {
      if (seen.before(text)) assert.ok(texts.slice(0, i).includes(text));
    });
  }));
});
