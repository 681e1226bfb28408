import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recent } from './recent.ts';

test('what was used least recently leaves when the bytes are full, what has just come never', () => {
  const recent = new Recent<string>(100);
  for (const name of ['a', 'b', 'c', 'd']) recent.set(name, name, 25);
  assert.equal(recent.get('a'), 'a');
  recent.set('e', 'e', 25);
  assert.deepEqual([recent.get('b'), recent.get('a'), recent.bytes, recent.count], [undefined, 'a', 100, 4]);
  recent.set('large', 'l', 500);
  assert.deepEqual([recent.get('large'), recent.bytes, recent.count], ['l', 500, 1]);
});

test('what is taken out weighs nothing, and what is not there can be taken out', () => {
  const recent = new Recent<string>(100);
  recent.set('a', 'a', 25);
  recent.set('b', 'b', 30);
  for (const name of ['a', 'a', 'none']) recent.delete(name);
  assert.deepEqual([recent.get('a'), recent.get('b'), recent.bytes, recent.count], [undefined, 'b', 30, 1]);
});

test('what replaces another of its name weighs in its place', () => {
  const recent = new Recent<number>(100);
  for (let i = 1; i <= 10; i++) recent.set('a', i, i);
  assert.deepEqual([recent.get('a'), recent.bytes, recent.count], [10, 10, 1]);
});
