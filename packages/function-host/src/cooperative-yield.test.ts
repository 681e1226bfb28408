import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createYielder } from './cooperative-yield.ts';

const STEP_MS = 2;
const spin = (): void => {
  for (const until = performance.now() + STEP_MS; performance.now() < until;);
};

test('however many work, between two turns there is a pass of the event loop', async () => {
  let over = false;
  let turns = 0;
  let passes = 0;
  const most = { turns: 0 };
  const look = (): void => {
    passes++;
    most.turns = Math.max(most.turns, turns);
    turns = 0;
    if (!over) setImmediate(look);
  };
  setImmediate(look);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const turn = createYielder();
      for (let step = 0; step < 10; step++) {
        await turn();
        turns++;
        spin(); // longer than a turn: the next step waits
      }
    }),
  );
  over = true;
  assert.equal(most.turns, 1);
  assert.ok(passes >= 80);
});

test('short steps share a turn', async () => {
  const turn = createYielder();
  let waits = 0;
  for (let step = 0; step < 1_000; step++) {
    const wait = turn();
    if (wait !== undefined) waits++;
    await wait;
  }
  assert.ok(waits < 500, String(waits));
});
