import { Readable } from 'node:stream';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { packet } from './pkt-line.ts';
import { readHead } from './receive-stream.ts';

const command = (n: number): Buffer =>
  packet(`${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/b-${n}${n === 0 ? '\0report-status side-band-64k' : ''}`);
const headOf = (refs: number): Buffer => Buffer.concat(Array.from({ length: refs }, (_, n) => command(n)));
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('the head of a push is read in whatever pieces it comes, with the bytes behind it', async () => {
  const whole = Buffer.concat([headOf(3), Buffer.from('0000PACK'), Buffer.alloc(200_000, 'x')]);
  for (const size of [1, 3, 64, 65_536, whole.length]) {
    const read = await readHead(Readable.from(inPieces(whole, size)));
    assert.ok(read.ok);
    assert.deepEqual(
      read.value.head.updates.map(({ ref }) => ref),
      ['refs/heads/b-0', 'refs/heads/b-1', 'refs/heads/b-2'],
    );
    assert.ok(read.value.head.capabilities.has('side-band-64k'));
    const rest: Buffer[] = [read.value.bytes];
    for (let next = await read.value.rest.next(); next.done !== true; next = await read.value.rest.next())
      rest.push(next.value);
    assert.deepEqual(Buffer.concat(rest), whole);
  }
});

test('a long head in small pieces takes little time, and one without end is refused', async () => {
  const started = performance.now();
  const read = await readHead(Readable.from(inPieces(Buffer.concat([headOf(9_000), Buffer.from('0000')]), 100)));
  assert.ok(read.ok && read.value.head.updates.length === 9_000);
  assert.ok(performance.now() - started < 5_000);
  for (const bytes of [headOf(12_000), headOf(3), Buffer.from('zzzz')])
    assert.equal((await readHead(Readable.from(inPieces(bytes, 1_000)))).ok, false);
});
