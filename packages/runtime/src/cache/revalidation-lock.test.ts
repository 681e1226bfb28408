import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { RevalidationLocks } from './revalidation-lock.ts';

async function temporary(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'locks');
}

test('one process holds a lock until it releases it', async (t) => {
  const directory = await temporary(t);
  const [one, two] = [new RevalidationLocks(directory), new RevalidationLocks(directory)];
  const release = one.take('/a');
  assert.ok(release);
  assert.deepEqual([one.take('/a'), two.take('/a')], [undefined, undefined]);
  two.take('/b')?.();
  release();
  release();
  const second = two.take('/a');
  assert.ok(second);
  release();
  assert.equal(one.take('/a'), undefined, 'a process that has released a lock cannot release it again');
});

test('a lock that its holder left behind is taken after a while', async (t) => {
  const directory = await temporary(t);
  const [one, two] = [new RevalidationLocks(directory, 5_000), new RevalidationLocks(directory, 5_000)];
  assert.ok(one.take('/a'));
  const [name = ''] = readdirSync(directory);
  assert.equal(two.take('/a'), undefined);
  const past = Date.now() / 1000 - 6;
  await utimes(join(directory, name), past, past);
  assert.ok(two.take('/a'));
});

test('a lock of the time before a clock was set back is not held until the clock is there again', async (t) => {
  const directory = await temporary(t);
  const [one, two] = [new RevalidationLocks(directory, 5_000), new RevalidationLocks(directory, 5_000)];
  assert.ok(one.take('/a'));
  const [name = ''] = readdirSync(directory);
  const future = Date.now() / 1000 + 3_600;
  await utimes(join(directory, name), future, future);
  assert.ok(two.take('/a'));
});

test('a lock that is released after its time leaves no file, unless another process holds it by then', async (t) => {
  const directory = await temporary(t);
  const [one, two] = [new RevalidationLocks(directory, 5_000), new RevalidationLocks(directory, 5_000)];
  const release = one.take('/a');
  const [first = ''] = readdirSync(directory);
  const late = one.take('/b');
  const now = performance.now() + 6_000;
  t.mock.method(performance, 'now', () => now);
  release?.();
  const [second = '', ...more] = readdirSync(directory);
  assert.ok(second !== first && more.length === 0);
  const past = Date.now() / 1000 - 6;
  await utimes(join(directory, second), past, past);
  const other = two.take('/b');
  assert.ok(other);
  late?.();
  assert.equal(readdirSync(directory).length, 1, 'that of the other process');
});

test('a disk that refuses writes prevents no revalidation', async (t) => {
  const file = await temporary(t);
  await writeFile(file, '');
  assert.ok(new RevalidationLocks(join(file, 'below')).take('/a'));
  const alone = new RevalidationLocks(undefined);
  assert.ok(alone.take('/a'));
  assert.equal(alone.take('/a'), undefined);
});
