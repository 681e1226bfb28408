import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartBackoff } from './restart-backoff.ts';

test('a process that served starts again at once, however often it is killed', () => {
  const backoff = new RestartBackoff(10_000);
  for (let i = 0; i < 20; i++) assert.equal(backoff.after(6_000), 0);
});

test('a process that ends before it serves waits longer each time, up to the limit', () => {
  const backoff = new RestartBackoff(1_000);
  assert.deepEqual(
    [undefined, 200, undefined, 4_999, undefined, undefined].map((ready) => backoff.after(ready)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  assert.equal(backoff.after(60_000), 0);
  assert.equal(backoff.after(undefined), 100, 'from the start, since it served');
});
