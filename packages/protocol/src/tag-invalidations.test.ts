import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTagInvalidation, parseTagInvalidation } from './tag-invalidations.ts';

/** Any UTF-16 code units, lone surrogates included. */
const anyText = fc.array(fc.nat(0xffff), { maxLength: 40 }).map((units) => String.fromCharCode(...units));

test('an invalidation is one line of JSON and is read as it was written', () => {
  assert.equal(formatTagInvalidation({ tag: 'a', at: 1 }), '{"tag":"a","at":1}\n');
  assert.equal(formatTagInvalidation({ tag: 'a', at: 1, expires: null }), '{"tag":"a","at":1,"expires":null}\n');
  const expires = fc.oneof(
    fc.constant(undefined),
    fc.constant(null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(anyText, fc.nat(), expires, (tag, at, until) => {
      const written = until === undefined ? { tag, at } : { tag, at, expires: until === 0 ? 0 : until };
      const line = formatTagInvalidation(written);
      assert.ok(line.indexOf('\n') === line.length - 1);
      assert.deepEqual(parseTagInvalidation(line.slice(0, -1)), written);
    }),
  );
});

test('a line that is no invalidation is none, and an unknown `expires` never expires', () => {
  for (const line of ['', 'x', 'null', '[]', '{}', '{"tag":1,"at":1}', '{"tag":"a","at":"1"}', '{"tag":"a"', '7']) {
    assert.equal(parseTagInvalidation(line), undefined, line);
  }
  assert.deepEqual(parseTagInvalidation('{"tag":"a","at":1,"expires":"soon"}'), { tag: 'a', at: 1, expires: null });
});
