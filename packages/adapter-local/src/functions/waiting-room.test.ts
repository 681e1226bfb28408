import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whoGivesWay, type Waiter } from './waiting-room.ts';

const production = (name: string, heldMb = 40): Waiter & { name: string } => ({ name, live: true, heldMb });
const preview = (name: string, heldMb = 40): Waiter & { name: string } => ({ name, live: false, heldMb });
const leaving = (all: readonly (Waiter & { name: string })[], availableMb: number, settings: Partial<{ waiting: number; waitingMb: number }> = {}): string =>
  whoGivesWay(all, availableMb, { waiting: 64, ...settings }).map(({ name }) => name).join(' ');

test('those that wait share an eighth of the memory that is there, what they hold included', () => {
  assert.equal(leaving([production('a'), production('b'), production('c'), production('d')], 1_120), '', '160 of 1280');
  assert.equal(leaving([production('a'), production('b'), production('c'), production('d')], 1_100), 'a');
});

test('the longest waiting goes first, and previews before what production is served by', () => {
  const all = [production('a'), preview('b'), production('c'), preview('d'), production('e')];
  assert.equal(leaving(all, 16_384, { waiting: 4 }), 'b');
  assert.equal(leaving(all, 16_384, { waiting: 2 }), 'b d a');
  assert.equal(leaving(all, 16_384, { waiting: 0 }), 'b d a c e');
});

test('one may wait where an eighth is less, and none where the machine itself has hardly any left', () => {
  assert.equal(leaving([production('a'), production('b')], 300), 'a');
  assert.equal(leaving([production('a')], 300), '');
  assert.equal(leaving([production('a')], 250), 'a');
});

test('memory that was set is the limit, but never the last that the machine has', () => {
  const all = [production('a', 100), production('b', 100), production('c', 100)];
  assert.equal(leaving(all, 16_384, { waitingMb: 250 }), 'a');
  assert.equal(leaving(all, 16_384, { waitingMb: 300 }), '');
  assert.equal(leaving(all, 100, { waitingMb: 300 }), 'a b', '144 of 400 are to be had');
  assert.equal(leaving(all, 16_384, { waitingMb: 0 }), 'a b c');
});
