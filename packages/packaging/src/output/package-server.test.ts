import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { frameworkOf } from '../detect/frameworks.ts';
import { parseStartCommand, type StartCommand } from '../detect/start-command.ts';
import { DEFAULT_ARTIFACT_LIMITS } from './limits.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createCompressor } from './compressor.ts';
import { packageServer, type ServerOutput } from './package-server.ts';
import { resolveRunnable } from './runnable.ts';

/** The paths of the function's tree, of a checkout with these files, but for the platform's own. */
async function treeOf(
  t: TestContext,
  files: readonly string[],
  start: StartCommand,
  rest: Partial<ServerOutput> = {},
): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const root = join(directory, 'checkout');
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(
      join(root, file),
      file.endsWith('package.json')
        ? JSON.stringify({
            name: file.split('/').at(-2) ?? 'app',
            dependencies: file.startsWith('node_modules/') ? {} : { koa: '3' },
          })
        : file,
    );
  }
  const blobs = openBlobStore(join(directory, 'blobs'));
  const store = createArtifactStore({
    blobs,
    compressor: createCompressor({ blobs, dir: join(directory, 'compressed') }),
    limits: DEFAULT_ARTIFACT_LIMITS,
    secrets: [],
  });
  const runnable = await resolveRunnable(root, '', start);
  assert.ok(runnable.ok, runnable.ok ? '' : runnable.error.message);
  const packaged = await packageServer(
    {
      root,
      project: '',
      runnable: runnable.value,
      built: undefined,
      traced: undefined,
      node: '26.0.0',
      bun: undefined,
      ...rest,
    },
    store,
  );
  assert.ok(packaged.ok && packaged.value.function?.kind === 'server');
  const tree = treeSchema.parse(
    JSON.parse(Buffer.from((await blobs.get(packaged.value.function.tree)) ?? []).toString()),
  );
  return tree.entries
    .map(({ path }) => path)
    .filter((path) => !path.includes('.anchor/'))
    .sort();
}

test('what a server reads of its build is in its tree, whatever the folder is called', async (t) => {
  const files = [
    'server.js',
    'dist/client/.vite/ssr-manifest.json',
    'dist/client/.vite/manifest.json',
    '.nuxt/dist/server/server.js',
  ];
  assert.deepEqual(
    await treeOf(t, [...files, '.angular/cache/x', '.git/config', '.npmrc'], parseStartCommand('node server.js')),
    [...files].sort(),
  );
});

test('where a framework left its server, the folder that it worked in stays behind', async (t) => {
  const built = frameworkOf((name) => name === 'astro')?.servers[0];
  const tree = await treeOf(
    t,
    ['dist/server/entry.mjs', 'dist/client/.vite/manifest.json', '.astro/types.d.ts', 'src/.svelte-kit/x'],
    parseStartCommand('node dist/server/entry.mjs'),
    { built },
  );
  assert.deepEqual(tree, ['dist/client/.vite/manifest.json', 'dist/server/entry.mjs']);
});

test('a server whose sources are compiled while they are loaded gets its production dependencies', async (t) => {
  const files = [
    'package.json',
    'index.js',
    'node_modules/koa/package.json',
    'node_modules/@babel/register/package.json',
    'node_modules/@babel/register/lib/index.js',
  ];
  const tree = (start: string, traced: readonly string[]) => treeOf(t, files, parseStartCommand(start), { traced });
  const register = 'node_modules/@babel/register/lib/index.js';
  for (const found of [
    await tree('node -r @babel/register index.js', ['index.js']),
    await tree('node index.js', ['index.js', register]),
  ])
    assert.ok(found.includes('node_modules/koa/package.json'), found.join(' '));
  assert.ok(!(await tree('node index.js', ['index.js'])).includes('node_modules/koa/package.json'));
});

test('a server that runs in a folder without a package.json gets the dependencies of the one around it', async (t) => {
  const files = ['package.json', 'dist/index.ts', 'node_modules/koa/package.json', 'node_modules/koa/index.js'];
  assert.deepEqual(
    await treeOf(t, files, { ...parseStartCommand('node index.ts'), folder: 'dist' }),
    [...files].sort(),
  );
});
