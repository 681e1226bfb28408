import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { collectAll, restful } from './rest.ts';

/** A rest on a clock that the test moves on; answers how often was collected after so many milliseconds more. */
function onClock(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let collected = 0;
  const rest = restful(() => collected++);
  const after = (ms: number): number => {
    t.mock.timers.tick(ms);
    return collected;
  };
  return { rest, after };
}

test('a rest begins anew with whatever ends, and is used once', (t) => {
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

test('what begins ends the rest, and nothing is collected until it has ended', (t) => {
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

test('what nobody refers to any more is given back', () => {
  const before = process.memoryUsage().heapUsed;
  let kept: unknown[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ i }));
  const full = process.memoryUsage().heapUsed;
  assert.ok(full - before > 5_000_000 && kept.length > 0);
  kept = undefined;
  collectAll();
  assert.ok(process.memoryUsage().heapUsed < full - 5_000_000, `${full} → ${process.memoryUsage().heapUsed}`);
});
