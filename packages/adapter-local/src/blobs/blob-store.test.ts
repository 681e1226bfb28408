import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { blobStoreContract } from '@anchor/testing/contracts/blob-store.ts';
import { using } from '@anchor/testing/harness.ts';
import { sha256 } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openBlobStore } from './blob-store.ts';

const make = async () => {
  const directory = await temporaryDirectory();
  const blobs = join(directory.path, 'blobs');
  return { blobs, subject: openBlobStore(blobs), reopen: async () => openBlobStore(blobs), end: directory.remove };
};

blobStoreContract('blobs in files', make);

test(
  'a blob is a read-only file under its hash',
  using(make, async ({ subject, blobs }) => {
    const hash = await subject.put(Buffer.from('x'));
    assert.equal(subject.pathOf(hash), join(blobs, hash.slice(0, 2), hash));
    assert.equal((await stat(subject.pathOf(hash))).mode & 0o777, 0o444);
    assert.equal(String(await readFile(subject.pathOf(hash))), 'x');
    assert.deepEqual(await readdir(join(blobs, 'incoming')), []);
    assert.throws(() => subject.pathOf('../../etc/passwd'), RangeError);
  }),
);

test(
  'a blob whose bytes have changed on disk is not given out',
  using(make, async ({ subject }) => {
    const hash = await subject.put(Buffer.from('original'));
    await chmod(subject.pathOf(hash), 0o644);
    await writeFile(subject.pathOf(hash), 'tampered');
    await assert.rejects(subject.get(hash), /damaged/);
  }),
);

test(
  'writing a blob again renews its time, so that a clean-up leaves it alone',
  using(make, async ({ subject }) => {
    const hash = await subject.put(Buffer.from('x'));
    await utimes(subject.pathOf(hash), 1000, 1000);
    await subject.put(Buffer.from('x'));
    assert.ok((await stat(subject.pathOf(hash))).mtimeMs > 1_000_000_000);
  }),
);

test(
  'half-written files of dead processes are swept, those of living ones stay, and neither is a blob',
  using(make, async ({ subject, blobs }) => {
    await mkdir(join(blobs, 'incoming'), { recursive: true });
    const [dead, living] = [`4194305-${'0'.repeat(16)}`, `1-${'0'.repeat(16)}`];
    for (const name of [dead, living]) await writeFile(join(blobs, 'incoming', name), 'half');
    await subject.sweep();
    assert.deepEqual(await readdir(join(blobs, 'incoming')), [living]);
    for await (const blob of subject.list()) assert.fail(`listed ${blob.hash}`);
    assert.equal(await subject.has(sha256(0)), false);
  }),
);
