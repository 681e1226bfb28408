import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { Pacer } from './pacer.ts';

test('a thousand requests make two runs: one at once and one after the pause', async (t) => {
  const at: number[] = [];
  const pacer = new Pacer(async () => void at.push(performance.now()), 60);
  t.after(() => pacer.stop());
  for (let i = 0; i < 1_000; i++) pacer.request();
  assert.equal(at.length, 1);
  await until('the second run', () => at.length === 2);
  // libuv counts a timer from the start of its turn: on a busy machine that is some ms before it was set.
  assert.ok(at[1]! - at[0]! >= 20, `after ${at[1]! - at[0]!} ms`);
  pacer.request();
  await until('a third', () => at.length === 3);
});

test('what is requested during a run is done after it, and never beside it', async (t) => {
  const ends: (() => void)[] = [];
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const pacer = new Pacer(() => new Promise((resolve) => ends.push(resolve)), 10);
  t.after(() => pacer.stop());
  pacer.request();
  t.mock.timers.tick(10);
  pacer.request();
  assert.equal(ends.length, 1);
  ends[0]!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ends.length, 2);
  pacer.stop();
  pacer.request();
  ends[1]!();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ends.length, 2);
});
