import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addCounts,
  CACHE_RESULTS,
  cachePosition,
  countRequest,
  countsOf,
  decodeCounts,
  emptyCounts,
  encodeCounts,
  requestsWithin,
  sparseCounts,
  statusPosition,
  summarize,
} from './request-counts.ts';

const request = fc.record({
  status: fc.integer({ min: 100, max: 599 }),
  cache: fc.constantFrom(...CACHE_RESULTS),
  bytes: fc.integer({ min: 0, max: 2 ** 32 }),
  ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
});
const counted = (
  requests: readonly Readonly<{ status: number; cache: (typeof CACHE_RESULTS)[number]; bytes: number; ms: number }>[],
) => {
  const counts = emptyCounts();
  for (const { status, cache, bytes, ms } of requests)
    countRequest(counts, statusPosition(status), cachePosition(cache), bytes, ms);
  return counts;
};

test('counts come back from both of their forms as they were', () => {
  fc.assert(
    fc.property(fc.array(request), (requests) => {
      const counts = counted(requests);
      assert.deepEqual(decodeCounts(encodeCounts(counts)), counts);
      assert.deepEqual(countsOf(sparseCounts(counts)), counts);
    }),
  );
});

test('counts of two parts add up to those of the whole', () => {
  fc.assert(
    fc.property(fc.array(request), fc.array(request), (a, b) => {
      const sum = counted(a);
      addCounts(sum, counted(b));
      assert.deepEqual(sum, counted([...a, ...b]));
    }),
  );
});

test('quantiles are off by at most 19 %, and by a quarter of a millisecond below one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 50_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
      (times) => {
        const { p50 = -1, p99 = -1 } = summarize(
          counted(times.map((ms) => ({ status: 200, cache: 'HIT', bytes: 0, ms }))),
        );
        const sorted = times.toSorted((a, b) => a - b);
        for (const [share, found] of [
          [0.5, p50],
          [0.99, p99],
        ] as const) {
          const right = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
          assert.ok(Math.abs(found - right) <= Math.max(0.25, right * 0.19), `${found} for ${right}`);
        }
      },
    ),
  );
});

test('what is no counts is read without an error, and raises nothing beyond them', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(decodeCounts(bytes).length, emptyCounts().length);
    }),
  );
  assert.deepEqual(countsOf([-1, 5, 1e9, 5, 0.5, 5, 0, Number.NaN, 1]), emptyCounts());
});

test('a summary has requests by status and cache, bytes and times; none has no times', () => {
  const counts = counted([
    { status: 200, cache: 'HIT', bytes: 10, ms: 1 },
    { status: 308, cache: 'REDIRECT', bytes: 5, ms: 1 },
    { status: 404, cache: 'STATIC', bytes: 0, ms: 1 },
    { status: 499, cache: 'DYNAMIC', bytes: 0, ms: 700 },
    { status: 502, cache: 'ERROR', bytes: 0, ms: 90_000 },
  ]);
  const { requests, byStatus, byCache, bytes, milliseconds } = summarize(counts);
  assert.deepEqual(
    { requests, byStatus, bytes, milliseconds },
    {
      requests: 5,
      byStatus: { success: 1, redirect: 1, clientError: 2, serverError: 1 },
      bytes: 15,
      milliseconds: 90_703,
    },
  );
  assert.deepEqual([byCache.HIT, byCache.ERROR, byCache.MISS], [1, 1, 0]);
  assert.equal(requestsWithin(counts, 2), 3);
  assert.equal(requestsWithin(counts, 1_000), 4);
  assert.equal(summarize(emptyCounts()).p99, undefined);
});
