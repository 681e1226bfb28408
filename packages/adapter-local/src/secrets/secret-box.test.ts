import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { secretBoxContract } from '@anchor/testing/contracts/secret-box.ts';
import { using } from '@anchor/testing/harness.ts';
import { must } from '@anchor/testing/samples.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { openSecretBox } from './secret-box.ts';

const make = async () => {
  const directory = await temporaryDirectory();
  const file = join(directory.path, 'data', 'key');
  const open = async () => must(await openSecretBox(file));
  return { file, directory: join(directory.path, 'data'), subject: await open(), reopen: open, end: directory.remove };
};

secretBoxContract('secrets with a key file', make);

test(
  'the key file is created with 32 bytes that only its owner may read',
  using(make, async ({ file, directory }) => {
    const { mode, size } = await stat(file);
    assert.deepEqual([mode & 0o777, size], [0o600, 32]);
    assert.deepEqual(await readdir(directory), ['key']);
  }),
);

test('processes that start at once share one key', async () => {
  const directory = await temporaryDirectory();
  const boxes = await Promise.all(Array.from({ length: 8 }, () => openSecretBox(join(directory.path, 'key'))));
  const sealed = await must(boxes[0]!).seal('x', 'c');
  for (const box of boxes) assert.equal(must(await must(box).open(sealed, 'c')), 'x');
  await directory.remove();
});

test(
  'a key file that others may read, or of a wrong size, is refused with what to do',
  using(make, async ({ file }) => {
    await chmod(file, 0o640);
    const readable = await openSecretBox(file);
    assert.equal(!readable.ok && readable.error.code, 'forbidden');
    assert.match(readable.ok ? '' : readable.error.fix, /chmod 600/);
    await chmod(file, 0o600);
    for (const size of [0, 31, 33]) {
      await writeFile(file, randomBytes(size));
      const damaged = await openSecretBox(file);
      assert.match(damaged.ok ? '' : damaged.error.fix, /\.\/up --restore FILE$/, `${size} bytes`);
    }
  }),
);

test(
  'with a new key in front, old values still open and new ones do not need the old key',
  using(make, async ({ file, subject, reopen }) => {
    const old = await subject.seal('old', 'c');
    const fresh = randomBytes(32);
    await writeFile(file, Buffer.concat([fresh, await readFile(file)]));
    const rotated = await reopen();
    assert.equal(must(await rotated.open(old, 'c')), 'old');
    const sealed = await rotated.seal('new', 'c');
    await writeFile(file, fresh);
    const alone = await reopen();
    assert.equal(must(await alone.open(sealed, 'c')), 'new');
    const lost = await alone.open(old, 'c');
    assert.match(lost.ok ? '' : lost.error.message, /another master key/);
  }),
);
