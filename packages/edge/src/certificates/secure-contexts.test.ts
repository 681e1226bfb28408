import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecureContext } from 'node:tls';
import { ContextCache } from './secure-contexts.ts';

/** A context that says when it is released. */
function fakeContext(released: string[], name: string): SecureContext {
  return { context: { close: () => released.push(name) } } as unknown as SecureContext;
}

test('the context that was used least recently is evicted, and released', () => {
  const released: string[] = [];
  const cache = new ContextCache(2);
  for (const name of ['a', 'b']) cache.set(name, fakeContext(released, name));
  cache.get('a');
  cache.set('c', fakeContext(released, 'c'));
  assert.deepEqual([cache.get('b'), released, cache.count], [undefined, ['b'], 2]);
  cache.clear();
  assert.deepEqual([released, cache.count], [['b', 'a', 'c'], 0]);
});

test('a context of Node that cannot be released by hand is evicted all the same', () => {
  const cache = new ContextCache(1);
  cache.set('a', { context: {} } as unknown as SecureContext);
  cache.set('b', { context: undefined } as unknown as SecureContext);
  assert.equal(cache.count, 1);
});
