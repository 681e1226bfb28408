import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cleanDirectories } from './clean-directories.ts';

test('a clean-up removes old unused directories, and leaves those of a deployment that came meanwhile', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(parent, { recursive: true, force: true }));
  for (const name of ['kept', 'unknown', '.tmp-at-work', '.gone-half']) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'file'), '');
  }
  await cleanDirectories(parent, new Set(['kept']), Date.now() - 60_000);
  assert.deepEqual((await readdir(parent)).sort(), ['.tmp-at-work', 'kept', 'unknown']);
  await cleanDirectories(parent, new Set(['kept']), Date.now() + 1_000);
  assert.deepEqual((await readdir(parent)).sort(), ['.tmp-at-work', 'kept']);
  await cleanDirectories(join(parent, 'not there'), new Set(), Date.now());
});
