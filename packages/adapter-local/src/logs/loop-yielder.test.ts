import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoopYielder } from './loop-yielder.ts';

test('callers rest for twice as long as they worked, however many there are', async () => {
  let now = 0;
  let rested = 0;
  const turns = new LoopYielder({
    now: () => now,
    rest: (callback, ms) => {
      rested += ms;
      now += ms;
      setImmediate(callback);
    },
  });
  let worked = 0;
  const scan = async (): Promise<void> => {
    for (let piece = 0; piece < 50; piece++) {
      await turns.next();
      now += 1;
      worked += 1;
    }
  };
  await Promise.all([scan(), scan(), scan(), scan()]);
  assert.equal(worked, 200);
  assert.ok(rested >= 1.5 * worked && rested <= 2.5 * worked, `${rested} ms of rest`);
});

test('a short piece of work does not rest, nor does the next one after a pause', async () => {
  let now = 0;
  const turns = new LoopYielder({ now: () => now, rest: () => assert.fail('rested') });
  for (let burst = 0; burst < 20; burst++) {
    for (let piece = 0; piece < 3; piece++) {
      await turns.next();
      now += 1;
    }
    now += 10;
  }
});
