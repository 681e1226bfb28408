import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { restWhenIdle } from './rest.ts';

const MB = 1_048_576;
/** The tests themselves work while they wait. */
const atRest = (): number => 0;
const heap = (): number => process.memoryUsage().heapTotal;

test('what work has left behind is given back when the process comes to rest', async (t) => {
  let held: unknown[] = Array.from({ length: 300_000 }, (_, i) => ({ i, text: `line ${i}` }));
  const full = heap();
  assert.equal(held.length, 300_000);
  held = [];
  const rest = restWhenIdle({ everyMs: 20, used: atRest });
  t.after(rest.stop);
  await until('the heap is smaller', () => heap() < full - 20 * MB);
});

test('however much is taken between, collections are some time apart', async (t) => {
  const at: number[] = [];
  const kept: unknown[] = [];
  const rest = restWhenIdle({ everyMs: 2, betweenMs: 300, used: atRest, collect: () => void at.push(performance.now()) });
  t.after(rest.stop);
  await until('it has collected three times', () => {
    // After each collection there is again something to give back.
    if (kept.length < at.length) kept.push(new ArrayBuffer(4 * MB));
    return at.length >= 3;
  });
  assert.ok(at.slice(1).every((time, i) => time - (at[i] ?? 0) >= 300), at.join());
});

test('nothing is collected while it is busy, and once only while nothing is taken', async (t) => {
  let collected = 0;
  let looks = 0;
  let busy = true;
  const rest = restWhenIdle({ everyMs: 5, betweenMs: 0, used: atRest, busy: () => (looks++, busy), collect: () => void (collected += 1) });
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
  const rest = restWhenIdle({ everyMs: 5, used: () => (looks++ % 2 === 0 ? 0.5 : 0), collect: () => void (collected += 1) });
  t.after(rest.stop);
  await until('it has looked often', () => looks > 30);
  assert.equal(collected, 0);
});
