import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { create } from 'tar';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { unpack } from './unpack.ts';

let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
let file: string;
let whole: Buffer;
before(async () => {
  scratch = await temporaryDirectory();
  const source = join(scratch.path, 'source');
  for (const folder of ['blobs', 'git', 'logs']) {
    await mkdir(join(source, folder), { recursive: true });
    for (let i = 0; i < 60; i++) await writeFile(join(source, folder, `${i}`), `${folder} ${i} `.repeat(i * 40));
  }
  file = join(scratch.path, 'archive');
  await create({ file, gzip: true, cwd: source, portable: true }, ['blobs', 'git', 'logs']);
  whole = await readFile(file);
});
after(() => scratch.remove());

/** Unpacks `bytes`, removes the directory at once, and returns what was thrown. */
async function outcome(bytes: Uint8Array): Promise<unknown> {
  const damaged = join(scratch.path, 'damaged');
  const directory = join(scratch.path, 'out');
  await writeFile(damaged, bytes);
  await mkdir(directory);
  const error = await unpack(damaged, directory).then(
    () => undefined,
    (thrown: unknown) => thrown ?? 'thrown',
  );
  await rm(directory, { recursive: true, force: true });
  return error;
}

test('an archive is unpacked whole', async () => {
  const directory = join(scratch.path, 'whole');
  await mkdir(directory);
  await unpack(file, directory);
  assert.equal((await readdir(join(directory, 'git'))).length, 60);
  assert.equal(await readFile(join(directory, 'logs', '59'), 'utf8'), 'logs 59 '.repeat(59 * 40));
});

test('an archive that is cut off anywhere is an error, and nothing is being written after it', async () => {
  for (let cut = 0; cut < whole.length; cut += Math.ceil(whole.length / 40)) {
    assert.notEqual(await outcome(whole.subarray(0, cut)), undefined, String(cut));
    assert.deepEqual((await readdir(scratch.path)).includes('out'), false, String(cut));
  }
});

test('damaged bytes, other files and an archive in an archive are errors, and end', async () => {
  for (let at = 12; at < whole.length; at += Math.ceil(whole.length / 40)) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    // Some bits of a code table belong to symbols that do not occur: without them the content is the same.
    if ((await outcome(bytes)) === undefined) assert.deepEqual(gunzipSync(bytes), gunzipSync(whole), String(at));
  }
  for (const bytes of [Buffer.from('text'), Buffer.alloc(0), gzipSync(''), gzipSync('text'), gzipSync(whole)])
    assert.notEqual(await outcome(bytes), undefined);
});

test('a directory that cannot be written, and a file that is there already, are errors', async () => {
  await assert.rejects(unpack(file, join(file, 'below-a-file')), { code: 'ENOTDIR' });
  const directory = join(scratch.path, 'twice');
  await unpack(file, directory);
  await assert.rejects(unpack(file, directory), { code: 'EEXIST' });
});

test('a large file that cannot be written is an error, and ends', async () => {
  const source = join(scratch.path, 'large-source');
  await mkdir(source);
  await writeFile(join(source, 'large'), randomBytes(4 * 1024 * 1024));
  await writeFile(join(source, 'next'), 'next');
  const large = join(scratch.path, 'large');
  await create({ file: large, gzip: true, cwd: source, portable: true }, ['large', 'next']);
  const directory = join(scratch.path, 'taken');
  await mkdir(directory);
  await writeFile(join(directory, 'large'), 'taken');
  await assert.rejects(unpack(large, directory), { code: 'EEXIST' });
});

test('an entry that leads outside of the directory is an error', async () => {
  const inner = join(scratch.path, 'inner');
  await mkdir(inner);
  await writeFile(join(scratch.path, 'outside'), 'outside');
  const hostile = join(scratch.path, 'hostile');
  await create({ file: hostile, gzip: true, cwd: inner, preservePaths: true }, ['../outside']);
  const directory = join(scratch.path, 'a', 'b');
  await assert.rejects(unpack(hostile, directory), /leads outside/);
  assert.equal(existsSync(join(scratch.path, 'a', 'outside')), false);
});
