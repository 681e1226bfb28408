import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createRevalidationLocks } from './revalidation-lock.ts';

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'locks');
}

test('one process holds a lock until it gives it back', async (t) => {
  const directory = await temporary(t);
  const [one, two] = [createRevalidationLocks(directory), createRevalidationLocks(directory)];
  const release = one.take('/a');
  assert.ok(release);
  assert.deepEqual([one.take('/a'), two.take('/a')], [undefined, undefined]);
  two.take('/b')?.();
  release();
  release();
  const again = two.take('/a');
  assert.ok(again);
  release();
  assert.equal(one.take('/a'), undefined, 'who gave it back before has no say any more');
});

test('a lock that its holder left behind is taken after a while', async (t) => {
  const directory = await temporary(t);
  const [one, two] = [createRevalidationLocks(directory, 5_000), createRevalidationLocks(directory, 5_000)];
  assert.ok(one.take('/a'));
  const [name = ''] = readdirSync(directory);
  assert.equal(two.take('/a'), undefined);
  const past = Date.now() / 1000 - 6;
  await utimes(join(directory, name), past, past);
  assert.ok(two.take('/a'));
});

test('a disk that refuses keeps no page from being made anew', async (t) => {
  const file = await temporary(t);
  await writeFile(file, '');
  assert.ok(createRevalidationLocks(join(file, 'below')).take('/a'));
  const alone = createRevalidationLocks(undefined);
  assert.ok(alone.take('/a'));
  assert.equal(alone.take('/a'), undefined);
});
