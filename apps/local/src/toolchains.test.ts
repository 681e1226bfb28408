import assert from 'node:assert/strict';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { freeToolchains } from './toolchains.ts';

const DAY = 86_400_000;

test('versions that nothing needs go least recently used first; what is needed or was just used stays', async (t) => {
  const directory = await temporaryDirectory();
  t.after(() => directory.remove());
  const now = Date.now();
  const used = { '20.1.0': 300, '22.1.0': 40, '22.2.0': 3, '24.1.0': 2, '24.2.0': 1, '26.0.0': 0 };
  for (const [name, days] of Object.entries(used)) {
    await mkdir(join(directory.path, name));
    await utimes(join(directory.path, name), new Date(now - days * DAY), new Date(now - days * DAY));
  }
  await writeFile(join(directory.path, 'versions.json'), '{}');
  const free = (more: object) =>
    freeToolchains({
      directory: directory.path,
      keep: new Set(['20.1.0']),
      unusedDays: 30,
      most: 10,
      now,
      dryRun: false,
      all: false,
      bytesOf: async () => 100,
      ...more,
    });
  const left = async (): Promise<readonly string[]> => (await readdir(directory.path)).sort();
  assert.equal(await free({ dryRun: true }), 100);
  assert.equal((await left()).length, 7);
  assert.equal(await free({}), 100);
  assert.deepEqual(await left(), ['20.1.0', '22.2.0', '24.1.0', '24.2.0', '26.0.0', 'versions.json']);
  await free({ most: 3 });
  assert.deepEqual(await left(), ['20.1.0', '24.1.0', '24.2.0', '26.0.0', 'versions.json']);
  await free({ all: true });
  assert.deepEqual(await left(), ['20.1.0', '26.0.0', 'versions.json']);
});
