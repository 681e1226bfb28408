import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInFlight } from './in-flight.ts';

test('it is idle when the last piece of work has ended, however often', async () => {
  let idle = 0;
  const inFlight = createInFlight(() => idle++);
  const [first, second] = [inFlight.begin(), inFlight.begin()];
  first();
  first();
  assert.equal(idle, 0, 'one is in flight');
  let finish = (): void => undefined;
  inFlight.waitUntil(
    new Promise<void>((resolve) => {
      finish = resolve;
    }),
  );
  second();
  assert.equal(idle, 0, 'work that was scheduled for after the response is not done');
  finish();
  await inFlight.drained();
  assert.ok(idle >= 1);
  const before = idle;
  inFlight.begin()();
  assert.equal(idle, before + 1);
});
