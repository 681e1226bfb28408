import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pageTag } from '@anchor/protocol/cache-metadata.ts';
import { parsePageMetadata, freshnessByAge } from './page-metadata.ts';

const encoded = (changes: object = {}): string =>
  JSON.stringify({ g: '/page', m: 1000, r: 60, e: 3600, t: ['a', 'b'], ...changes });

test("the metadata of a function's response is parsed, with the tag of its group", () => {
  assert.deepEqual(parsePageMetadata(encoded(), 2000), {
    group: '/page',
    at: 1000,
    staleAfter: 60_000,
    expireAfter: 3_600_000,
    tags: [pageTag('/page'), 'a', 'b'],
  });
  assert.deepEqual(parsePageMetadata(encoded({ r: false, e: undefined, p: 12 }), 2000), {
    group: '/page',
    at: 1000,
    staleAfter: Infinity,
    expireAfter: Infinity,
    tags: [pageTag('/page'), 'a', 'b'],
    shell: 12,
  });
});

test('nothing is from the future, and nothing that is no description counts', () => {
  assert.equal(parsePageMetadata(encoded({ m: 9e15 }), 2000)?.at, 2000);
  for (const bad of [
    '',
    'null',
    '[]',
    '{}',
    'x',
    encoded({ m: -1 }),
    encoded({ m: null }),
    encoded({ m: '1' }),
    encoded({ r: 0 }),
    encoded({ r: null }),
    encoded({ e: -1 }),
    encoded({ t: 'a' }),
    encoded({ t: [1] }),
    encoded({ g: 1 }),
    encoded({ p: 1.5 }),
    encoded({ p: -1 }),
    encoded({ t: Array.from({ length: 300 }, () => 'a') }),
    encoded({ g: 'x'.repeat(5000) }),
    encoded({ t: ['x'.repeat(20_000)] }),
  ]) {
    assert.equal(parsePageMetadata(bad, 2000), undefined, bad.slice(0, 80));
  }
});

test('no text makes it throw, and what it gives is usable', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .record({
            g: fc.anything(),
            m: fc.anything(),
            r: fc.anything(),
            e: fc.anything(),
            t: fc.anything(),
            p: fc.anything(),
          })
          .map((value) =>
            JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)),
          ),
      ),
      (text) => {
        const metadata = parsePageMetadata(text ?? '', 5);
        if (metadata === undefined) return;
        assert.ok(
          metadata.at > 0 &&
            metadata.at <= 5 &&
            metadata.staleAfter > 0 &&
            metadata.expireAfter > 0 &&
            metadata.tags.every((tag) => typeof tag === 'string'),
        );
      },
    ),
  );
});

test('by its age a response is fresh, then stale, then expired', () => {
  const metadata = { group: '/', at: 1000, staleAfter: 10, expireAfter: 20, tags: [] };
  assert.deepEqual(
    [1000, 1010, 1011, 1020, 1021].map((now) => freshnessByAge(metadata, now)),
    ['fresh', 'fresh', 'stale', 'stale', 'expired'],
  );
});
