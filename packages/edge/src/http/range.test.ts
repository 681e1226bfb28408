import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRange } from './range.ts';

test('first, last and open ranges', () => {
  assert.deepEqual(parseRange('bytes=0-4', 10), { kind: 'part', start: 0, end: 4 });
  assert.deepEqual(parseRange('bytes=5-', 10), { kind: 'part', start: 5, end: 9 });
  assert.deepEqual(parseRange('bytes=-3', 10), { kind: 'part', start: 7, end: 9 });
  assert.deepEqual(parseRange('bytes=-30', 10), { kind: 'part', start: 0, end: 9 });
  assert.deepEqual(parseRange('bytes=5-99', 10), { kind: 'part', start: 5, end: 9 });
});

test('a range outside the file is unsatisfiable', () => {
  assert.equal(parseRange('bytes=10-', 10).kind, 'unsatisfiable');
  assert.equal(parseRange('bytes=-0', 10).kind, 'unsatisfiable');
  assert.equal(parseRange('bytes=0-', 0).kind, 'unsatisfiable');
});

test('several ranges and unknown units get the whole file', () => {
  for (const header of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=-', 'bytes=a-b', 'bytes=4-2', '', 'bytes 0-1', undefined])
    assert.equal(parseRange(header, 10).kind, 'whole', String(header));
});

test('a range is always within the file', () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    fc.nat().map((a) => `bytes=-${a}`),
    fc.nat().map((a) => `bytes=${a}-`),
  );
  fc.assert(
    fc.property(header, fc.nat(), (text, size) => {
      const range = parseRange(text, size);
      if (range.kind === 'part') assert.ok(range.start >= 0 && range.start <= range.end && range.end < size);
    }),
  );
});
