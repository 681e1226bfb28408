import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { once } from './once.ts';

test('one of several that need the same work does it, and all get its folder', async () => {
  let times = 0;
  const work = async (folder: string): Promise<void> => {
    await writeFile(join(folder, 'result'), `${++times}`);
  };
  const folders = await Promise.all([once('shared-work', work), once('shared-work', work), once('shared-work', work)]);
  assert.deepEqual([times, new Set(folders).size], [1, 1]);
  assert.equal(await readFile(join(folders[0], 'result'), 'utf8'), '1');
  assert.notEqual(await once('other-work', work), folders[0]);
  assert.equal(times, 2);
});

test('work that fails fails for the one that does it, and leaves nothing to the next', async () => {
  let next = Promise.resolve('');
  const fails = once('failing-work', async (folder) => {
    next = once('failing-work', (retried) => writeFile(join(retried, 'whole'), ''));
    await writeFile(join(folder, 'half'), '');
    throw new Error('on purpose');
  });
  await assert.rejects(fails, /on purpose/);
  assert.equal(await readFile(join(await next, 'whole'), 'utf8'), '');
  await assert.rejects(readFile(join(await next, 'half')), /ENOENT/);
});
