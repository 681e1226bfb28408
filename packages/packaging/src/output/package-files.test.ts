import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { DEFAULT_ARTIFACT_LIMITS } from './limits.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createCompressor } from './compressor.ts';
import { packageFiles } from './package-files.ts';

const PUBLIC: readonly string[] = [
  'index.html',
  '.well-known/acme',
  'env.js',
  '.environment',
  'a/package.json',
  'assets/yarn.css',
];
const PRIVATE: readonly string[] = [
  '.env',
  '.env.local',
  'a/.env.production',
  '.envrc',
  '.npmrc',
  '.yarnrc.yml',
  '.yarnrc',
  '.yarn/cache/x.zip',
  '.netrc',
  '.git-credentials',
  'a/.htpasswd',
  '.ssh/id_rsa',
  '.aws/credentials',
  '.git/config',
  'node_modules/x/index.js',
];
const OWN: readonly string[] = [
  'package.json',
  'package-lock.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'Procfile',
];

for (const project of ['', 'site']) {
  test(`files with tokens, and those of the project itself, are not served where the folder ${project} is the site`, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    const root = join(directory, 'checkout');
    for (const path of [...PUBLIC, ...PRIVATE, ...OWN]) {
      const file = join(root, project, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, path);
    }
    const blobs = openBlobStore(join(directory, 'blobs'));
    const store = createArtifactStore({
      blobs,
      compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
      limits: DEFAULT_ARTIFACT_LIMITS,
      secrets: [],
    });
    const packaged = await packageFiles({ root, project, directories: ['.'], spa: false, framework: 'static' }, store);
    assert.ok(packaged.ok);
    assert.deepEqual(Object.keys(packaged.value.component.files).sort(), PUBLIC.map((path) => `/${path}`).sort());
  });
}

test('a file whose name is not UTF-8 is named as such', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const root = join(directory, 'checkout');
  await mkdir(root);
  await writeFile(join(root, 'index.html'), 'x');
  await writeFile(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]), 'x');
  const blobs = openBlobStore(join(directory, 'blobs'));
  const store = createArtifactStore({
    blobs,
    compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
    limits: DEFAULT_ARTIFACT_LIMITS,
    secrets: [],
  });
  const result = await packageFiles({ root, project: '', directories: ['.'], spa: false, framework: 'static' }, store);
  assert.ok(!result.ok);
  assert.match(result.error.cause ?? '', /name is not UTF-8/);
  assert.match(result.error.fix, /^Rename the file/);
});
