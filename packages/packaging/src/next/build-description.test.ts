import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { openBlobStore } from '@anchor/adapter-local/blobs/blob-store.ts';
import { treeSchema } from '@anchor/core/artifact/tree.ts';
import { createArtifactStore } from '../output/artifact-store.ts';
import { createCompressor } from '../output/compressor.ts';
import { DEFAULT_ARTIFACT_LIMITS } from '../output/limits.ts';
import { readBuildDescription } from './build-description.ts';
import { packageNext } from './package-next.ts';

const directories: string[] = [];
let root: string;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(directory);
  root = join(directory, 'checkout');
  await mkdir(root);
  await writeFile(join(directory, 'outside.txt'), 'of another project');
});
after(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

const empty = {
  version: 1,
  nextVersion: '16.4.6',
  buildId: 'b',
  builtAt: 1,
  projectDir: '',
  distDir: '.next',
  exported: false,
  config: { basePath: '', trailingSlash: false },
  routing: {
    beforeMiddleware: [],
    middlewareMatchers: [],
    beforeFiles: [],
    onMatch: [],
    afterFiles: [],
    dynamicRoutes: [],
    fallback: [],
  },
  entries: [],
  prerenders: [],
  staticPaths: [],
  staticFiles: [],
  files: {},
};
const put = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};
const build = (description: unknown, folder = '.next'): Promise<void> =>
  put(`${folder}/anchor/build.json`, JSON.stringify(description));
const artifacts = () => {
  const blobs = openBlobStore(join(root, '../blobs'));
  return {
    blobs,
    store: createArtifactStore({
      blobs,
      compressor: createCompressor({ blobs, dir: join(root, '../compressed') }),
      limits: DEFAULT_ARTIFACT_LIMITS,
      secrets: [],
    }),
  };
};

test('a description whose paths leave the repository is refused, wherever they stand', async () => {
  for (const path of ['/etc/passwd', '../outside.txt', 'a/../../outside.txt', 'a\0b']) {
    for (const bad of [
      { projectDir: path },
      { distDir: path },
      { files: { [path]: 'a' } },
      { files: { a: path } },
      { staticFiles: [{ pathname: '/a', filePath: path }] },
      { prerenders: [{ pathname: '/a', groupId: 1, fallback: { filePath: path }, config: {} }] },
      { entries: [{ id: 'a', type: 'APP_PAGE', pathname: '/a', filePath: path, runtime: 'nodejs' }] },
    ]) {
      await build({ ...empty, ...bad });
      const read = await readBuildDescription(root, '');
      assert.equal(read.ok, false, JSON.stringify(bad));
      assert.equal(!read.ok && read.error.code, 'output_refused');
    }
  }
});

test('nothing that a build writes there makes packaging throw', async () => {
  const { store } = artifacts();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .record(
            Object.fromEntries(
              Object.keys(empty).map((key) => [
                key,
                fc.oneof(fc.constant(empty[key as keyof typeof empty]), fc.jsonValue()),
              ]),
            ),
          )
          .map((value) => JSON.stringify(value)),
      ),
      async (text) => {
        await put('.next/anchor/build.json', text);
        const packaged = await packageNext({ root, project: '', node: '26.0.0' }, store);
        assert.ok(packaged.ok || packaged.error.fix.length > 0);
      },
    ),
    { numRuns: 60 },
  );
});

test('links that lead out of the checkout bring nothing from there into the artifact', async () => {
  await put('public/inside.txt', 'inside');
  await symlink('../../outside.txt', join(root, 'leak.txt'));
  await mkdir(join(root, 'node_modules'), { recursive: true });
  await symlink('../../..', join(root, 'node_modules/up'));
  await build({
    ...empty,
    staticFiles: [{ pathname: '/leak.txt', filePath: 'leak.txt' }],
    files: {
      'leak.txt': 'leak.txt',
      'other.txt': 'leak.txt',
      'node_modules/up/outside.txt': 'node_modules/up/outside.txt',
    },
  });
  const { blobs, store } = artifacts();
  const packaged = await packageNext({ root, project: '', node: '26.0.0' }, store);
  assert.ok(packaged.ok);
  assert.deepEqual(Object.keys(packaged.value.files), ['/inside.txt']);
  const tree = treeSchema.parse(JSON.parse(Buffer.from((await blobs.get(packaged.value.function!.tree))!).toString()));
  assert.deepEqual(
    tree.entries.map(({ path }) => path).filter((path) => !path.startsWith('.anchor/')),
    ['public/inside.txt'],
  );
});

test('links inside the checkout, as pnpm makes them, stay links', async () => {
  await put('node_modules/.pnpm/a@1/node_modules/a/index.js', 'a');
  await symlink('.pnpm/a@1/node_modules/a', join(root, 'node_modules/a'));
  const paths = ['node_modules/a', 'node_modules/.pnpm/a@1/node_modules/a/index.js'];
  await build({ ...empty, files: Object.fromEntries(paths.map((path) => [path, path])) });
  const { blobs, store } = artifacts();
  const packaged = await packageNext({ root, project: '', node: '26.0.0' }, store);
  assert.ok(packaged.ok);
  const tree = treeSchema.parse(JSON.parse(Buffer.from((await blobs.get(packaged.value.function!.tree))!).toString()));
  assert.deepEqual(
    tree.entries.filter((entry) => 'link' in entry),
    [{ path: 'node_modules/a', link: '.pnpm/a@1/node_modules/a' }],
  );
  assert.ok(tree.entries.some(({ path }) => path === paths[1]));
});

test('an app in a folder of a repository, with another output folder, is found', async () => {
  await build({ ...empty, projectDir: 'apps/web', distDir: 'apps/web/out/next' }, 'apps/web/out/next');
  const read = await readBuildDescription(root, 'apps/web');
  assert.deepEqual(read.ok && [read.value.prefix, read.value.build.distDir], ['', 'apps/web/out/next']);
  await build(empty, 'apps/site/.next');
  const own = await readBuildDescription(root, 'apps/site');
  assert.equal(own.ok && own.value.prefix, 'apps/site/');
  assert.equal((await readBuildDescription(root, 'apps/none')).ok, false);
});

test('a build command at the root may build an app below it, as in an integrated Nx repository', async () => {
  await build({ ...empty, projectDir: 'apps/shop', distDir: 'apps/shop/.next' }, 'apps/shop/.next');
  const shared = await readBuildDescription(root, '', 'apps/shop/.next');
  assert.deepEqual(shared.ok && [shared.value.prefix, shared.value.build.projectDir], ['', 'apps/shop']);
  await build(empty, 'apps/shop/.next');
  const own = await readBuildDescription(root, '', 'apps/shop/.next');
  assert.equal(own.ok && own.value.prefix, 'apps/shop/', 'a lock file of its own makes the folder a root to Next');
});

test('an exported app is files only, with its own page for what is not there', async () => {
  await put('out/index.html', 'home');
  await put('out/about.html', 'about');
  await put('out/404.html', 'nothing');
  await put('out/about.txt', 'payload');
  await build({
    ...empty,
    exported: true,
    config: { ...empty.config, deploymentId: 'dpl_1' },
    staticFiles: [
      { pathname: '/about.txt', filePath: 'out/about.txt' },
      { pathname: '/index', filePath: 'out/index.html' },
      { pathname: '/about', filePath: 'out/about.html' },
      { pathname: '/404', filePath: 'out/404.html' },
    ],
  });
  const packaged = await packageNext({ root, project: '', node: '26.0.0' }, artifacts().store);
  assert.ok(packaged.ok);
  assert.deepEqual(
    [Object.keys(packaged.value.files), packaged.value.notFound, packaged.value.function],
    [['/404.html', '/about.html', '/about.txt', '/index.html'], '/404.html', undefined],
  );
  assert.deepEqual(
    [packaged.value.files['/about.txt']?.headers, packaged.value.files['/about.html']?.headers],
    [{ 'x-nextjs-deployment-id': 'dpl_1' }, undefined],
  );
});

test('the function gets every file that its application may request of itself', async () => {
  await put('public/fonts/own.txt', 'font');
  for (let i = 0; i < 2_100; i++) await put(`public/many/${i}.txt`, 'one of many');
  await put('.next/static/chunks/one.js', 'chunk');
  await build({
    ...empty,
    config: { ...empty.config, basePath: '/shop' },
    staticFiles: [
      { pathname: '/shop/_next/static/chunks/one.js', filePath: '.next/static/chunks/one.js', immutableHash: 'h' },
    ],
  });
  const { blobs, store } = artifacts();
  const packaged = await packageNext({ root, project: '', node: '26.0.0' }, store);
  assert.ok(packaged.ok);
  const tree = treeSchema.parse(JSON.parse(Buffer.from((await blobs.get(packaged.value.function!.tree))!).toString()));
  const entries = new Map(tree.entries.map((entry) => [entry.path, entry]));
  const bytesOf = async (path: string): Promise<string> => {
    const entry = entries.get(path);
    assert.ok(entry !== undefined && 'blob' in entry, path);
    return Buffer.from((await blobs.get(entry.blob))!).toString();
  };
  const ownFiles = JSON.parse(await bytesOf('.anchor/own-files.json')) as Record<
    string,
    { path: string; type: string }
  >;
  assert.deepEqual(ownFiles['/shop/fonts/own.txt'], {
    path: 'public/fonts/own.txt',
    type: 'text/plain; charset=utf-8',
  });
  const chunk = { path: '.next/static/chunks/one.js', type: 'text/javascript; charset=utf-8' };
  assert.deepEqual(ownFiles['/shop/_next/static/chunks/one.js'], chunk);
  assert.equal(await bytesOf(chunk.path), 'chunk');
  assert.equal(Object.keys(ownFiles).filter((url) => url.startsWith('/shop/many/')).length, 2_100);
  assert.equal(await bytesOf('public/many/2099.txt'), 'one of many');
  assert.equal(packaged.value.files['/shop/many/2099.txt']?.size, 11);
});

test("files below an asset prefix are the edge's, and the function's to optimize", async () => {
  await put('.next/static/media/boat.png', 'png');
  const rule = { source: '/cdn/_next/:path+', sourceRegex: '^/cdn/_next(?:/(.+))$', destination: '/_next/$1' };
  const other = { source: '/other/:path+', sourceRegex: '^/other(?:/(.+))$', destination: '/_next/$1' };
  const config = { ...empty.config, images: { path: '/_next/image' } };
  await build({
    ...empty,
    config,
    routing: { ...empty.routing, beforeFiles: [rule, other] },
    staticFiles: [
      { pathname: '/_next/static/media/boat.png', filePath: '.next/static/media/boat.png', immutableHash: 'h' },
    ],
  });
  const { blobs, store } = artifacts();
  const packaged = await packageNext({ root, project: '', node: '26.0.0' }, store);
  assert.ok(packaged.ok);
  assert.deepEqual(
    [packaged.value.assetPrefix, packaged.value.imagePath, packaged.value.routing?.beforeFiles],
    ['/cdn', '/_next/image', [other]],
  );
  const tree = treeSchema.parse(JSON.parse(Buffer.from((await blobs.get(packaged.value.function!.tree))!).toString()));
  const description = tree.entries.find(({ path }) => path === '.anchor/function.json');
  assert.ok(description !== undefined && 'blob' in description);
  const { imageFiles } = JSON.parse(Buffer.from((await blobs.get(description.blob))!).toString()) as {
    imageFiles: Record<string, string>;
  };
  assert.deepEqual(Object.keys(imageFiles), ['/_next/static/media/boat.png', '/cdn/_next/static/media/boat.png']);
});
