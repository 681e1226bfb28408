import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { BlobStore } from '@anchor/core/ports/blob-store.ts';
import { using, type Make } from '../harness.ts';
import { until } from '../until.ts';
import { sha256 } from '../samples.ts';

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function collect(stream: AsyncIterable<Uint8Array> | undefined): Promise<Buffer | undefined> {
  if (stream === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for await (const chunk of stream) parts.push(chunk);
  return Buffer.concat(parts);
}
async function hashes(store: BlobStore): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { hash } of store.list()) found.push(hash);
  return found.sort();
}

const writtenAt = async (store: BlobStore): Promise<number> => {
  for await (const blob of store.list()) return blob.writtenAt;
  return 0;
};

export function blobStoreContract(name: string, make: Make<BlobStore>): void {
  test(
    `${name}: a blob that was reported present counts as new, so that no clean-up takes it from a build`,
    using(make, async ({ subject }) => {
      const hash = await subject.put(Buffer.from('old'));
      const before = await writtenAt(subject);
      await until('it counts as written again', async () => {
        assert.equal(await subject.has(hash), true);
        return (await writtenAt(subject)) > before;
      });
    }),
  );

  test(
    `${name}: bytes come back under their own hash`,
    using(make, async ({ subject }) => {
      for (const bytes of [Buffer.alloc(0), Buffer.from('text'), randomBytes(300_000)]) {
        const hash = await subject.put(bytes);
        assert.equal(hash, hashOf(bytes));
        assert.equal(await subject.has(hash), true);
        assert.deepEqual(Buffer.from((await subject.get(hash))!), bytes);
        assert.deepEqual(await collect(await subject.stream(hash)), bytes);
      }
    }),
  );

  test(
    `${name}: duplicate bytes, also written concurrently, are one blob`,
    using(make, async ({ subject }) => {
      const bytes = randomBytes(1000);
      await Promise.all([
        subject.put(bytes),
        subject.put(bytes),
        subject.putStream(chunks(bytes, 100)),
        subject.putStream(chunks(bytes, 999)),
      ]);
      assert.deepEqual(await hashes(subject), [hashOf(bytes)]);
    }),
  );

  test(
    `${name}: many blobs written at once are all there`,
    using(make, async ({ subject }) => {
      const written = await Promise.all(Array.from({ length: 200 }, (_, i) => subject.put(Buffer.from(`blob ${i}`))));
      assert.deepEqual(await hashes(subject), [...written].sort());
    }),
  );

  test(
    `${name}: a stream of unknown length is stored with its hash and size`,
    using(make, async ({ subject }) => {
      const bytes = randomBytes(500_000);
      assert.deepEqual(await subject.putStream(chunks(bytes, 7777)), { hash: hashOf(bytes), size: bytes.length });
      assert.deepEqual(Buffer.from((await subject.get(hashOf(bytes)))!), bytes);
      assert.deepEqual(await subject.putStream(chunks(bytes, 1000), bytes.length), {
        hash: hashOf(bytes),
        size: bytes.length,
      });
    }),
  );

  test(
    `${name}: a stream that fails or is too long stores nothing`,
    using(make, async ({ subject }) => {
      await assert.rejects(subject.putStream(chunks(randomBytes(1001), 100), 1000));
      await assert.rejects(
        subject.putStream(
          (async function* () {
            yield Buffer.from('a');
            throw new Error('the sender went away');
          })(),
        ),
        /went away/,
      );
      assert.deepEqual(await hashes(subject), []);
    }),
  );

  test(
    `${name}: a range gives the bytes from start to end, both included`,
    using(make, async ({ subject }) => {
      const hash = await subject.put(Buffer.from('0123456789'));
      assert.equal(String(await collect(await subject.stream(hash, { start: 2, end: 4 }))), '234');
      assert.equal(String(await collect(await subject.stream(hash, { start: 9, end: 9 }))), '9');
      assert.equal(String(await collect(await subject.stream(hash, { start: 5, end: 1000 }))), '56789');
    }),
  );

  test(
    `${name}: what is absent, or no hash at all, is absent and no error`,
    using(make, async ({ subject }) => {
      for (const hash of [
        sha256(1),
        '',
        '../../../etc/passwd',
        sha256(1).toUpperCase().replace('1', 'A'),
        `${sha256(1)}\0`,
      ]) {
        assert.equal(await subject.has(hash), false);
        assert.equal(await subject.get(hash), undefined);
        assert.equal(await subject.stream(hash), undefined);
        await subject.remove(hash);
      }
    }),
  );

  test(
    `${name}: a removed blob is gone and can be written again`,
    using(make, async ({ subject }) => {
      const bytes = Buffer.from('x');
      const hash = await subject.put(bytes);
      await subject.remove(hash);
      assert.equal(await subject.has(hash), false);
      assert.equal(await subject.put(bytes), hash);
      assert.equal(await subject.has(hash), true);
    }),
  );

  test(
    `${name}: the list gives size and time of the last writing`,
    using(make, async ({ subject }) => {
      const before = Date.now() - 2000;
      await subject.put(Buffer.from('12345'));
      for await (const blob of subject.list()) {
        assert.equal(blob.size, 5);
        assert.ok(blob.writtenAt >= before && blob.writtenAt <= Date.now() + 2000);
      }
    }),
  );

  test(
    `${name}: a blob is there after opening again`,
    using(make, async ({ subject, reopen }) => {
      if (reopen === undefined) return;
      const hash = await subject.put(Buffer.from('kept'));
      assert.equal(String(await (await reopen()).get(hash)), 'kept');
    }),
  );
}
