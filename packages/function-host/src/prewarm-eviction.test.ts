import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectEvictions, type PrewarmedInstance } from './prewarm-eviction.ts';

const production = (name: string, residentMb = 40): PrewarmedInstance & { name: string } => ({
  name,
  live: true,
  residentMb,
});
const preview = (name: string, residentMb = 40): PrewarmedInstance & { name: string } => ({
  name,
  live: false,
  residentMb,
});
const leaving = (
  all: readonly (PrewarmedInstance & { name: string })[],
  availableMb: number,
  settings: Partial<{ prewarmMax: number; prewarmMemoryMb: number }> = {},
): string =>
  selectEvictions(all, availableMb, { prewarmMax: 64, ...settings })
    .map(({ name }) => name)
    .join(' ');

test('those that wait share an eighth of the memory that is there, what they hold included', () => {
  assert.equal(leaving([production('a'), production('b'), production('c'), production('d')], 1_120), '', '160 of 1280');
  assert.equal(leaving([production('a'), production('b'), production('c'), production('d')], 1_100), 'a');
});

test('the longest waiting goes first, and previews before what production is served by', () => {
  const all = [production('a'), preview('b'), production('c'), preview('d'), production('e')];
  assert.equal(leaving(all, 16_384, { prewarmMax: 4 }), 'b');
  assert.equal(leaving(all, 16_384, { prewarmMax: 2 }), 'b d a');
  assert.equal(leaving(all, 16_384, { prewarmMax: 0 }), 'b d a c e');
});

test('one may wait where an eighth is less, and none where the machine itself has hardly any left', () => {
  assert.equal(leaving([production('a'), production('b')], 300), 'a');
  assert.equal(leaving([production('a')], 300), '');
  assert.equal(leaving([production('a')], 250), 'a');
});

test('memory that was set is the limit, but never the last that the machine has', () => {
  const all = [production('a', 100), production('b', 100), production('c', 100)];
  assert.equal(leaving(all, 16_384, { prewarmMemoryMb: 250 }), 'a');
  assert.equal(leaving(all, 16_384, { prewarmMemoryMb: 300 }), '');
  assert.equal(leaving(all, 100, { prewarmMemoryMb: 300 }), 'a b', '144 of 400 are to be had');
  assert.equal(leaving(all, 16_384, { prewarmMemoryMb: 0 }), 'a b c');
});
