import { test } from 'node:test';
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { diskRoom, diskSpace } from './disk-room.ts';

test('builds are refused when less is free than is kept for serving, with both figures', async () => {
  const { freeBytes } = await diskSpace(tmpdir());
  const refused = await diskRoom(tmpdir(), Math.ceil(freeBytes / 1_048_576) + 1_000_000).roomForBuild();
  assert.ok(!refused.ok && refused.error.code === 'disk_full' && /MB are free/.test(refused.error.cause ?? ''));
  assert.ok((await diskRoom(tmpdir(), 0).roomForBuild()).ok);
});
