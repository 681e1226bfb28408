import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createCompressor } from './compressor.ts';
import { addDataCache } from './data-cache.ts';
import { DEFAULT_ARTIFACT_LIMITS } from './limits.ts';
import { TreeBuilder } from './tree-builder.ts';

const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
after(() => rm(directory, { recursive: true, force: true }));

test('the entries of the build are in the tree with the time of each, and nothing else is', async () => {
  const root = join(directory, 'checkout');
  const folder = join(root, '.next/cache/fetch-cache');
  await mkdir(folder, { recursive: true });
  await writeFile(join(directory, 'outside'), 'of another project');
  const key = 'ab'.repeat(32);
  await writeFile(join(folder, key), '{}');
  await utimes(join(folder, key), 1_000, 1_000);
  await writeFile(join(folder, 'tags-manifest.json'), '{}');
  await symlink(join(directory, 'outside'), join(folder, 'notes'));
  const blobs = openBlobStore(join(directory, 'blobs'));
  const store = createArtifactStore({
    blobs,
    compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
    limits: DEFAULT_ARTIFACT_LIMITS,
    secrets: [],
  });
  const tree = new TreeBuilder(root);
  await addDataCache(tree, { root, from: '.next', to: 'app/.next' }, store);
  const stored = treeSchema.parse(JSON.parse(Buffer.from((await blobs.get(await tree.store(store))) ?? []).toString()));
  assert.deepEqual(stored.entries.map(({ path }) => path).sort(), [
    'app/.next/cache/fetch-cache/.times.json',
    `app/.next/cache/fetch-cache/${key}`,
  ]);
  const times = stored.entries.find(({ path }) => path.endsWith('.times.json'));
  assert.ok(times !== undefined && 'blob' in times);
  assert.deepEqual(JSON.parse(Buffer.from((await blobs.get(times.blob)) ?? []).toString()), { [key]: 1_000_000 });
});
