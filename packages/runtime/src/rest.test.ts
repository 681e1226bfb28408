import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectAll, restful } from './rest.ts';

test('a rest begins anew with whatever ends, and is used once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let collected = 0;
  const rest = restful(() => collected++);
  rest.from(100);
  t.mock.timers.tick(99);
  rest.from(100);
  t.mock.timers.tick(99);
  assert.equal(collected, 0, 'something ended meanwhile');
  t.mock.timers.tick(1);
  assert.equal(collected, 1);
  t.mock.timers.tick(10_000);
  assert.equal(collected, 1, 'nothing was taken since');
  rest.from(100);
  t.mock.timers.tick(100);
  assert.equal(collected, 2);
});

test('what begins ends the rest, and nothing is collected until it has ended', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let collected = 0;
  const rest = restful(() => collected++);
  rest.from(100);
  t.mock.timers.tick(99);
  rest.over();
  t.mock.timers.tick(10_000);
  assert.equal(collected, 0);
  rest.from(100);
  t.mock.timers.tick(100);
  assert.equal(collected, 1);
});

test('a shorter rest replaces a longer one, and the other way round', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let collected = 0;
  const rest = restful(() => collected++);
  rest.from(10);
  rest.from(100);
  t.mock.timers.tick(99);
  assert.equal(collected, 0);
  t.mock.timers.tick(1);
  assert.equal(collected, 1);
});

test('what nobody refers to any more is given back', () => {
  const before = process.memoryUsage().heapUsed;
  let kept: unknown[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ i }));
  const full = process.memoryUsage().heapUsed;
  assert.ok(full - before > 5_000_000 && kept.length > 0);
  kept = undefined;
  collectAll();
  assert.ok(process.memoryUsage().heapUsed < full - 5_000_000, `${full} → ${process.memoryUsage().heapUsed}`);
});
