import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileCache } from './file-cache.ts';
import { toCachedBytes, sliceBytes } from '../util/cached-bytes.ts';

test('what was used least recently leaves when the bytes are full', () => {
  const memory = new FileCache(100);
  for (const name of ['a', 'b', 'c', 'd']) memory.set(name, Buffer.alloc(25));
  assert.ok(memory.get('a'));
  memory.set('e', Buffer.alloc(25));
  assert.ok(memory.get('a') && memory.get('e'));
  assert.equal(memory.get('b'), undefined);
  assert.equal(memory.bytes, 100);
});

test('a file larger than the whole cache is not cached', () => {
  const memory = new FileCache(10);
  memory.set('a', Buffer.alloc(11));
  assert.equal(memory.count, 0);
});

test('a cached file has the same bytes, short or long, whole or in part', () => {
  for (const size of [0, 256, 16 * 1024, 16 * 1024 + 1]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => i % 256));
    const content = toCachedBytes(bytes);
    assert.equal(content.length, size);
    assert.ok(Buffer.from(sliceBytes(content, 0, size) as string, 'latin1').equals(bytes));
    assert.ok(Buffer.from(sliceBytes(content, 3, 99) as string, 'latin1').equals(bytes.subarray(3, 99)));
  }
});
