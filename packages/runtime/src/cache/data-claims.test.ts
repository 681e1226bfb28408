import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { until } from '@anchor/testing/until.ts';
import { CacheStore } from './cache-store.ts';
import { CLAIM_MS, claimsIn } from './data-claims.ts';

const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
after(() => rm(root, { recursive: true, force: true }));
let count = 0;

/** Two processes of a deployment, and what they share. */
function openTwo() {
  const directory = join(root, String(++count));
  const open = () => {
    const [store, claims] = [new CacheStore(join(directory, 'render')), claimsIn(directory)];
    const find = async (key: string): Promise<string | undefined> => (await store.read(key)) as string | undefined;
    return {
      claims,
      find,
      request: async (key: string) => (await find(key)) ?? (await claims.waitFor(key, () => find(key))),
      keep: async (key: string, value: string) => {
        await store.write(key, value);
        claims.stored(key);
      },
    };
  };
  return { one: open(), other: open(), claimed: () => readdir(join(directory, 'claims')) };
}

test('a process gets the data that another is making', async () => {
  const { one, other, claimed } = openTwo();
  assert.equal(await one.request('key'), undefined);
  const pending = other.request('key');
  await one.keep('key', 'made');
  assert.equal(await pending, 'made');
  assert.deepEqual(await claimed(), []);
});

test('a process does not wait for itself', async () => {
  const { one } = openTwo();
  const before = performance.now();
  assert.deepEqual(await Promise.all([one.request('key'), one.request('key'), one.request('key')]), [
    undefined,
    undefined,
    undefined,
  ]);
  assert.ok(performance.now() - before < CLAIM_MS);
});

test('data that is not stored keeps another process waiting once, and not any more after that', async () => {
  const { one, other, claimed } = openTwo();
  assert.equal(await one.request('key'), undefined);
  assert.equal(await other.request('key'), undefined);
  assert.equal(await one.request('key'), undefined, 'and it does not claim it again');
  assert.deepEqual(await claimed(), []);
  assert.equal(await other.request('key'), undefined);
  await other.keep('key', 'after all');
  assert.equal(await one.request('key'), 'after all');
});

test('a claim on data that is not stored leaves no file', async () => {
  const { one, claimed } = openTwo();
  for (let i = 0; i < 5; i++) assert.equal(await one.request(`missing-${i}`), undefined);
  await until('the claims have ended', async () => (await claimed()).length === 0, 10 * CLAIM_MS);
});

test('requests that wait for the same data read the disk together', async () => {
  const { one, other } = openTwo();
  assert.equal(await one.request('key'), undefined);
  let reads = 0;
  const find = () => {
    reads++;
    return other.find('key');
  };
  const pending = Array.from({ length: 100 }, () => other.claims.waitFor('key', find));
  await until('they look again', () => reads > 5);
  await one.keep('key', 'made');
  assert.deepEqual(new Set(await Promise.all(pending)), new Set(['made']));
  assert.ok(reads < 200, `${reads} reads`);
});

test('a read that fails releases its claim', async () => {
  const { one, other, claimed } = openTwo();
  await assert.rejects(one.claims.waitFor('key', () => Promise.reject(new Error('disk'))));
  assert.deepEqual(await claimed(), []);
  assert.equal(await other.request('key'), undefined);
});
