import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadPace } from './read-pace.ts';

const KB = 1_024;

test('a burst is read at once, what comes after it at the rate', () => {
  let now = 0;
  const pace = new ReadPace({ perSecond: 100 * KB, burst: 500 * KB }, () => now);
  let read = 0;
  while (pace.read(10 * KB) === 0) read += 10 * KB;
  assert.ok(read >= 490 * KB && read <= 510 * KB, `${read} bytes at once`);
  for (let total = 0; now < 60_000; total += 10 * KB) {
    now += pace.read(10 * KB);
    assert.ok(total <= 100 * KB * (now / 1_000 + 1), `${total} bytes in ${now} ms`);
  }
});

test('a program that prints less than the rate never waits, and a quiet time allows the next burst', () => {
  let now = 0;
  const pace = new ReadPace({ perSecond: 100 * KB, burst: 500 * KB }, () => now);
  for (let i = 0; i < 1_000; i++) {
    now += 100;
    assert.equal(pace.read(9 * KB), 0);
  }
  now += 5_000;
  for (let i = 0; i < 50; i++) assert.equal(pace.read(10 * KB), 0);
});
