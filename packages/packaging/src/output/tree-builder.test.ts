import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { DEFAULT_ARTIFACT_LIMITS } from './limits.ts';
import { createArtifactStore, catchArtifactError } from './artifact-store.ts';
import { createCompressor } from './compressor.ts';
import { TreeBuilder } from './tree-builder.ts';

test('folders may be 128 deep, and one more is refused with what to do', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const root = join(directory, 'checkout');
  const blobs = openBlobStore(join(directory, 'blobs'));
  const store = createArtifactStore({
    blobs,
    compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
    limits: DEFAULT_ARTIFACT_LIMITS,
    secrets: [],
  });
  const [deep, deeper] = [128, 129].map((folders) => `${'d/'.repeat(folders)}file.js`) as [string, string];
  await mkdir(dirname(join(root, deeper)), { recursive: true });
  for (const path of [deep, deeper]) await writeFile(join(root, path), path);

  const tree = new TreeBuilder(root);
  await tree.addPath(deep);
  const stored = treeSchema.parse(JSON.parse(new TextDecoder().decode(await blobs.get(await tree.store(store)))));
  assert.deepEqual(
    stored.entries.map(({ path }) => path),
    [deep],
  );

  await tree.addPath(deeper);
  const refused = await catchArtifactError(() => tree.store(store));
  assert.ok(!refused.ok);
  assert.equal(refused.error.code, 'output_refused');
  assert.match(refused.error.fix, /128/);
});
