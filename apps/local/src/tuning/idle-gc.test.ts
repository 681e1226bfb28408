import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { collectWhenIdle } from './idle-gc.ts';

const MB = 1_048_576;
/** The tests themselves work while they wait. */
const noUse = (): number => 0;
const heap = (): number => process.memoryUsage().heapTotal;

test('memory of finished work is released when the process becomes idle', async (t) => {
  let held: unknown[] = Array.from({ length: 300_000 }, (_, i) => ({ i, text: `line ${i}` }));
  const full = heap();
  assert.equal(held.length, 300_000);
  held = [];
  const rest = collectWhenIdle({ everyMs: 20, used: noUse });
  t.after(rest.stop);
  await until('the heap is smaller', () => heap() < full - 20 * MB);
});

test('however much is taken between, collections are some time apart', async (t) => {
  const at: number[] = [];
  const retained: unknown[] = [];
  const rest = collectWhenIdle({
    everyMs: 2,
    betweenMs: 300,
    used: noUse,
    collect: () => void at.push(performance.now()),
  });
  t.after(rest.stop);
  await until('it has collected three times', () => {
    // After each collection there is again memory to release.
    if (retained.length < at.length) retained.push(new ArrayBuffer(4 * MB));
    return at.length >= 3;
  });
  assert.ok(
    at.slice(1).every((time, i) => time - (at[i] ?? 0) >= 300),
    at.join(),
  );
});

test('nothing is collected while it is busy, and once only while nothing is taken', async (t) => {
  let collected = 0;
  let looks = 0;
  let busy = true;
  const rest = collectWhenIdle({
    everyMs: 5,
    betweenMs: 0,
    used: noUse,
    busy: () => (looks++, busy),
    collect: () => void (collected += 1),
  });
  t.after(rest.stop);
  await until('it has looked often', () => looks > 20);
  assert.equal(collected, 0);
  busy = false;
  await until('it has collected', () => collected > 0);
  const seen = looks;
  await until('it has looked again and again', () => looks > seen + 50);
  assert.ok(collected <= 3, `${collected} times`);
});

test('a process at work is left alone', async (t) => {
  let looks = 0;
  let collected = 0;
  const rest = collectWhenIdle({
    everyMs: 5,
    used: () => (looks++ % 2 === 0 ? 0.5 : 0),
    collect: () => void (collected += 1),
  });
  t.after(rest.stop);
  await until('it has looked often', () => looks > 30);
  assert.equal(collected, 0);
});
