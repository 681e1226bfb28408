import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keep, Memory, part } from './memory.ts';

test('what was used least recently leaves when the bytes are full', () => {
  const memory = new Memory(100);
  for (const name of ['a', 'b', 'c', 'd']) memory.set(name, Buffer.alloc(25));
  assert.ok(memory.get('a'));
  memory.set('e', Buffer.alloc(25));
  assert.ok(memory.get('a') && memory.get('e'));
  assert.equal(memory.get('b'), undefined);
  assert.equal(memory.bytes, 100);
});

test('what is larger than all memory is not kept', () => {
  const memory = new Memory(10);
  memory.set('a', Buffer.alloc(11));
  assert.equal(memory.count, 0);
});

test('a kept file is the same bytes, short or long, whole or in part', () => {
  for (const size of [0, 256, 16 * 1024, 16 * 1024 + 1]) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => i % 256));
    const kept = keep(bytes);
    assert.equal(kept.length, size);
    assert.ok(Buffer.from(part(kept, 0, size) as string, 'latin1').equals(bytes));
    assert.ok(Buffer.from(part(kept, 3, 99) as string, 'latin1').equals(bytes.subarray(3, 99)));
  }
});
