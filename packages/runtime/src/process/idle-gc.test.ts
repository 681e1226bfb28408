import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { collectAll, createIdleGc } from './idle-gc.ts';

/** Drives an idle collector with a mock clock. Returns how many collections ran in the given milliseconds. */
function onClock(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let collected = 0;
  const rest = createIdleGc(() => collected++);
  const after = (ms: number): number => {
    t.mock.timers.tick(ms);
    return collected;
  };
  return { rest, after };
}

test('an idle period restarts with each request that ends, and is used once', (t) => {
  const { rest, after } = onClock(t);
  rest.from(100);
  assert.equal(after(99), 0);
  rest.from(100);
  assert.equal(after(99), 0, 'something ended meanwhile');
  assert.equal(after(1), 1);
  assert.equal(after(10_000), 1, 'nothing was taken since');
  rest.from(100);
  assert.equal(after(100), 2);
});

test('a request that starts ends the idle period, and nothing is collected until it has ended', (t) => {
  const { rest, after } = onClock(t);
  rest.from(100);
  assert.equal(after(99), 0);
  rest.over();
  assert.equal(after(10_000), 0);
  rest.from(100);
  assert.equal(after(100), 1);
});

test('a longer rest replaces a shorter one', (t) => {
  const { rest, after } = onClock(t);
  rest.from(10);
  rest.from(100);
  assert.equal(after(99), 0);
  assert.equal(after(1), 1);
});

test('unreferenced memory is released', () => {
  const before = process.memoryUsage().heapUsed;
  let retained: unknown[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ i }));
  const full = process.memoryUsage().heapUsed;
  assert.ok(full - before > 5_000_000 && retained.length > 0);
  retained = undefined;
  collectAll();
  assert.ok(process.memoryUsage().heapUsed < full - 5_000_000, `${full} → ${process.memoryUsage().heapUsed}`);
});
