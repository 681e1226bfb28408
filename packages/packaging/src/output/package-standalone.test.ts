import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createCompressor } from './compressor.ts';
import { packageStandalone } from './package-standalone.ts';
import { DEFAULT_ARTIFACT_LIMITS } from './limits.ts';

const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
after(() => rm(directory, { recursive: true, force: true }));

test('committed .env.local and .env.production.local come along with a standalone build, those of development do not', async () => {
  const root = join(directory, 'checkout');
  const files = {
    'apps/web/.next/standalone/apps/web/server.js': '',
    'apps/web/.next/standalone/apps/web/.env': 'A=1',
    'apps/web/.next/BUILD_ID': 'one',
    'apps/web/.next/static/a.js': '',
    'apps/web/.env': 'A=1',
    'apps/web/.env.local': 'B=2',
    'apps/web/.env.development.local': 'D=4',
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  await writeFile(join(directory, 'secret'), 'of the machine');
  await symlink(join(directory, 'secret'), join(root, 'apps/web/.env.production.local'));
  const blobs = openBlobStore(join(directory, 'blobs'));
  const pathsOf = async (): Promise<readonly string[]> => {
    const store = createArtifactStore({
      blobs,
      compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
      limits: DEFAULT_ARTIFACT_LIMITS,
      secrets: [],
    });
    const packaged = await packageStandalone(
      { root, project: 'apps/web', distDir: '.next', node: '24.0.0', version: '15.5.0' },
      store,
    );
    assert.ok(packaged.ok, packaged.ok ? '' : packaged.error.message);
    const tree = treeSchema.parse(
      JSON.parse(
        Buffer.from((await blobs.get(packaged.value.function?.tree ?? assert.fail('no function'))) ?? []).toString(),
      ),
    );
    return tree.entries
      .map(({ path }) => path)
      .filter((path) => path.includes('.env'))
      .sort();
  };
  assert.deepEqual(
    await pathsOf(),
    ['apps/web/.env', 'apps/web/.env.local'],
    'a link out of the checkout is not followed',
  );
  await rm(join(root, 'apps/web/.env.production.local'));
  await writeFile(join(root, 'apps/web/.env.production.local'), 'C=3');
  assert.deepEqual(await pathsOf(), ['apps/web/.env', 'apps/web/.env.local', 'apps/web/.env.production.local']);
});
