import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupTag, parseMade, standingByAge } from './made.ts';

const said = (changes: object = {}): string => JSON.stringify({ g: '/page', m: 1000, r: 60, e: 3600, t: ['a', 'b'], ...changes });

test('what a function says of its answer is read, with the tag of its group', () => {
  assert.deepEqual(parseMade(said(), 2000), { group: '/page', at: 1000, staleAfter: 60_000, expireAfter: 3_600_000, tags: [groupTag('/page'), 'a', 'b'] });
  assert.deepEqual(parseMade(said({ r: false, e: undefined, p: 12 }), 2000), { group: '/page', at: 1000, staleAfter: Infinity, expireAfter: Infinity, tags: [groupTag('/page'), 'a', 'b'], shell: 12 });
});

test('nothing is from the future, and nothing that is no description counts', () => {
  assert.equal(parseMade(said({ m: 9e15 }), 2000)?.at, 2000);
  for (const bad of ['', 'null', '[]', '{}', 'x', said({ m: -1 }), said({ m: null }), said({ m: '1' }), said({ r: 0 }), said({ r: null }), said({ e: -1 }), said({ t: 'a' }), said({ t: [1] }), said({ g: 1 }), said({ p: 1.5 }), said({ p: -1 }), said({ t: Array.from({ length: 300 }, () => 'a') }), said({ g: 'x'.repeat(5000) }), said({ t: ['x'.repeat(20_000)] })]) {
    assert.equal(parseMade(bad, 2000), undefined, bad.slice(0, 80));
  }
});

test('no text makes it throw, and what it gives is usable', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.record({ g: fc.anything(), m: fc.anything(), r: fc.anything(), e: fc.anything(), t: fc.anything(), p: fc.anything() }).map((value) => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)))), (text) => {
    const made = parseMade(text ?? '', 5);
    if (made === undefined) return;
    assert.ok(made.at > 0 && made.at <= 5 && made.staleAfter > 0 && made.expireAfter > 0 && made.tags.every((tag) => typeof tag === 'string'));
  }));
});

test('by its age an answer is fresh, then stale, then expired', () => {
  const made = { group: '/', at: 1000, staleAfter: 10, expireAfter: 20, tags: [] };
  assert.deepEqual([1000, 1010, 1011, 1020, 1021].map((now) => standingByAge(made, now)), ['fresh', 'fresh', 'stale', 'stale', 'expired']);
});
