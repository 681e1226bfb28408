import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LruCache } from './lru-cache.ts';

test('what was used least recently leaves when the bytes are full, what has just come never', () => {
  const lastUsed = new LruCache<string>(100);
  for (const name of ['a', 'b', 'c', 'd']) lastUsed.set(name, name, 25);
  assert.equal(lastUsed.get('a'), 'a');
  lastUsed.set('e', 'e', 25);
  assert.deepEqual([lastUsed.get('b'), lastUsed.get('a'), lastUsed.bytes, lastUsed.count], [undefined, 'a', 100, 4]);
  lastUsed.set('large', 'l', 500);
  assert.deepEqual([lastUsed.get('large'), lastUsed.bytes, lastUsed.count], ['l', 500, 1]);
});

test('what is taken out weighs nothing, and what is not there can be taken out', () => {
  const lastUsed = new LruCache<string>(100);
  lastUsed.set('a', 'a', 25);
  lastUsed.set('b', 'b', 30);
  for (const name of ['a', 'a', 'none']) lastUsed.delete(name);
  assert.deepEqual([lastUsed.get('a'), lastUsed.get('b'), lastUsed.bytes, lastUsed.count], [undefined, 'b', 30, 1]);
});

test('what replaces another of its name weighs in its place', () => {
  const lastUsed = new LruCache<number>(100);
  for (let i = 1; i <= 10; i++) lastUsed.set('a', i, i);
  assert.deepEqual([lastUsed.get('a'), lastUsed.bytes, lastUsed.count], [10, 10, 1]);
});

test('the owner with the most entries is evicted first, so that none evicts what others have', () => {
  const lastUsed = new LruCache<string>(100);
  lastUsed.set('small', 's', 10, 'ann');
  for (let i = 0; i < 20; i++) lastUsed.set(`large ${i}`, 'l', 30, 'bob');
  assert.deepEqual(
    [lastUsed.get('small'), lastUsed.get('large 19'), lastUsed.get('large 16'), lastUsed.bytes],
    ['s', 'l', undefined, 100],
  );
});
