import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capacityContract } from '@anchor/testing/contracts/capacity.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { diskCapacity, diskSpace } from './disk-capacity.ts';

const MORE_THAN_ANY_DISK_MB = 1e12;

// Filling the disk for real would affect the whole machine: the required space changes instead.
capacityContract('capacity on disk', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'data');
  await mkdir(path);
  let keepFreeMb = 0;
  const set = (mb: number) => async (): Promise<void> => void (keepFreeMb = mb);
  return {
    subject: { checkSpaceForBuild: () => diskCapacity(path, keepFreeMb).checkSpaceForBuild() },
    fill: set(MORE_THAN_ANY_DISK_MB),
    free: set(0),
    lose: () => rename(path, `${path}-gone`),
    end: directory.remove,
  };
});

test('before a build is refused, caches free the missing space', async () => {
  const requested: number[] = [];
  const { freeBytes } = await diskSpace(tmpdir());
  const refused = await diskCapacity(
    tmpdir(),
    Math.ceil(freeBytes / 1_048_576) + 1_000,
    async (bytes) => void requested.push(bytes),
  ).checkSpaceForBuild();
  assert.ok(!refused.ok);
  assert.ok(requested.length === 1 && (requested[0] ?? 0) > 900 * 1_048_576, String(requested));
  assert.ok((await diskCapacity(tmpdir(), 0, async (bytes) => void requested.push(bytes)).checkSpaceForBuild()).ok);
  assert.equal(requested.length, 1, 'where there is space nothing is evicted');
});

test('builds are refused when less than the reserve for serving is free, with both figures', async () => {
  const { freeBytes } = await diskSpace(tmpdir());
  const reservedMb = Math.ceil(freeBytes / 1_048_576) + 1_000_000;
  const refused = await diskCapacity(tmpdir(), reservedMb).checkSpaceForBuild();
  assert.ok(!refused.ok && refused.error.code === 'disk_full');
  assert.match(refused.error.cause ?? '', new RegExp(`^\\d+ MB are free, ${reservedMb} MB are kept`));
});
