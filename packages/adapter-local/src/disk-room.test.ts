import { test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capacityContract } from '@anchor/testing/contracts/capacity.ts';
import { temporaryDirectory } from '@anchor/testing/temporary.ts';
import { diskRoom, diskSpace } from './disk-room.ts';

const MORE_THAN_ANY_DISK_MB = 1e12;

// A disk that is really filled would be everybody's: the demand changes instead.
capacityContract('room on disk', async () => {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'data');
  await mkdir(path);
  let keepFreeMb = 0;
  const set = (mb: number) => async (): Promise<void> => void (keepFreeMb = mb);
  return {
    subject: { roomForBuild: () => diskRoom(path, keepFreeMb).roomForBuild() },
    fill: set(MORE_THAN_ANY_DISK_MB), free: set(0), lose: () => rename(path, `${path}-gone`), end: directory.remove,
  };
});

test('builds are refused when less is free than is kept for serving, with both figures', async () => {
  const { freeBytes } = await diskSpace(tmpdir());
  const kept = Math.ceil(freeBytes / 1_048_576) + 1_000_000;
  const refused = await diskRoom(tmpdir(), kept).roomForBuild();
  assert.ok(!refused.ok && refused.error.code === 'disk_full');
  assert.match(refused.error.cause ?? '', new RegExp(`^\\d+ MB are free, ${kept} MB are kept`));
});
