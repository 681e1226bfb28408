import { test } from 'node:test';
import assert from 'node:assert/strict';
import { manualClock } from '@anchor/testing/clock.ts';
import { AttemptLimit } from './attempt-limit.ts';

const MINUTE = 60_000;

test('the attempts of a key are allowed up to the limit, then the key is locked for the whole time', () => {
  const clock = manualClock();
  const limit = new AttemptLimit(3, 15 * MINUTE, clock.now);
  assert.deepEqual(
    [1, 2, 3].map(() => limit.attempt('a')),
    [0, 0, 0],
  );
  clock.advance(14 * MINUTE);
  assert.equal(limit.attempt('a'), 15 * 60);
  clock.advance(10 * MINUTE);
  assert.equal(limit.attempt('a'), 5 * 60, 'further attempts do not prolong it');
  assert.equal(limit.attempt('b'), 0, 'other keys are free');
  clock.advance(5 * MINUTE);
  assert.equal(limit.attempt('a'), 0);
});

test('attempts that are spread over more than the time do not lock, and a success forgets them', () => {
  const clock = manualClock();
  const limit = new AttemptLimit(3, 15 * MINUTE, clock.now);
  for (let i = 0; i < 20; i++) {
    assert.equal(limit.attempt('a'), 0);
    clock.advance(8 * MINUTE);
  }
  for (let i = 0; i < 10; i++) {
    assert.equal(limit.attempt('b'), 0);
    limit.succeeded('b');
  }
});

test('a flood of other keys does not unlock a locked one', () => {
  const clock = manualClock();
  const limit = new AttemptLimit(1, 15 * MINUTE, clock.now);
  limit.attempt('victim');
  assert.ok(limit.attempt('victim') > 0);
  for (let i = 0; i < 50_000; i++) limit.attempt(`key ${i}`);
  assert.ok(limit.attempt('victim') > 0);
});
