import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createInFlight } from '../process/in-flight.ts';
import { Application } from './application.ts';
import type { FunctionFiles } from '../routing/description.ts';
import { createOnDemandRevalidation } from './revalidate.ts';

const files = {
  root: '/',
  projectDir: '/',
  distDir: '/',
  serverDir: '/',
  require: createRequire(import.meta.url),
  description: {
    version: 1,
    nextVersion: '16.4.6',
    buildId: 'b1',
    builtAt: 0,
    projectDir: '',
    distDir: '.next',
    hasActions: false,
    imageFiles: {},
    errorFiles: {},
    config: { basePath: '', trailingSlash: false },
    entries: [],
    served: ['/about'],
    routing: {
      beforeMiddleware: [],
      middlewareMatchers: [],
      beforeFiles: [],
      afterFiles: [],
      dynamicRoutes: [],
      onMatch: [],
      fallback: [],
    },
  },
} as unknown as FunctionFiles;

/** Serves an app that has its files in `root`, which is removed with it. Returns how to request a path of it. */
async function serving(
  t: TestContext,
  root: string,
  description: typeof files.description,
): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const app = new Application(
    { ...files, root, description },
    undefined,
    createInFlight(() => undefined),
  );
  const server = createServer((request, response) => void app.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(root, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}

test('an app that requests a file of itself, past the edge, gets it; a check gets only that it exists', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  await writeFile(join(root, 'about.html'), '<h1>About</h1>');
  await writeFile(join(root, 'empty.txt'), '');
  const ownFiles = {
    '/about': { path: 'about.html', type: 'text/html; charset=utf-8' },
    '/empty.txt': { path: 'empty.txt', type: 'text/plain' },
    '/gone.txt': { path: 'gone.txt', type: 'text/plain' },
  };
  const description = { ...files.description, ownFiles, served: ['/about', '/empty.txt', '/gone.txt', '/large.bin'] };
  const get = await serving(t, root, description);
  const about = await get('/about');
  assert.deepEqual(
    [about.status, about.headers.get('content-type'), about.headers.get('content-length'), await about.text()],
    [200, 'text/html; charset=utf-8', '14', '<h1>About</h1>'],
  );
  const empty = await get('/empty.txt');
  assert.deepEqual([empty.status, await empty.text()], [200, '']);
  for (const path of ['/gone.txt', '/large.bin', '/constructor']) assert.equal((await get(path)).status, 404, path);
  const byEdge = await get('/about', { headers: { 'x-request-id': 'of-the-edge' } });
  assert.deepEqual([byEdge.status, byEdge.headers.get('x-anchor-serve'), await byEdge.text()], [200, '/about', '']);
  assert.equal((await get('/large.bin', { method: 'HEAD' })).status, 200);
});

test('an app gets every file that it requests of itself, also hashed ones and those of a large site', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  const type = 'text/javascript; charset=utf-8';
  const public_ = Array.from({ length: 2_500 }, (_, i) => `/shop/images/${i}.txt`);
  const ownFiles = {
    ...Object.fromEntries(public_.map((url) => [url, { path: 'one.txt', type: 'text/plain' }])),
    '/shop/_next/static/chunks/[slug]/page.js': { path: 'page.js', type },
  };
  await mkdir(join(root, '.anchor'));
  await writeFile(join(root, '.anchor/own-files.json'), JSON.stringify(ownFiles));
  await writeFile(join(root, 'one.txt'), 'one');
  await writeFile(join(root, 'page.js'), 'page()');
  const description = {
    ...files.description,
    served: public_,
    config: { ...files.description.config, basePath: '/shop' },
    routing: {
      ...files.description.routing,
      beforeFiles: [{ sourceRegex: '^/cdn/_next(?:/(.+))$', destination: '/shop/_next/$1' }],
    },
  };
  const get = await serving(t, root, description);
  for (const url of ['/shop/images/0.txt', '/shop/images/2400.txt'])
    assert.equal(await (await get(url)).text(), 'one', url);
  for (const url of ['/shop/_next/static/chunks/%5Bslug%5D/page.js', '/cdn/_next/static/chunks/[slug]/page.js']) {
    const chunk = await get(url);
    assert.deepEqual([chunk.status, chunk.headers.get('content-type'), await chunk.text()], [200, type, 'page()'], url);
  }
  for (const path of [
    '/shop/_next/static/chunks/none.js',
    '/_next/static/../../one.txt',
    '/_next/static/%2e%2e/one.txt',
  ])
    assert.equal((await get(path)).status, 404, path);
});

test('a list of own files that could not be read is read again by the next request', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  const list = join(root, '.anchor/own-files.json');
  await mkdir(list, { recursive: true });
  await writeFile(join(root, 'about.html'), '<h1>About</h1>');
  const get = await serving(t, root, files.description);
  assert.equal((await get('/about')).status, 404);
  await rm(list, { recursive: true });
  await writeFile(list, JSON.stringify({ '/about': { path: 'about.html', type: 'text/html' } }));
  assert.equal(await (await get('/about')).text(), '<h1>About</h1>');
});

test('a file that the edge requests is left to the edge, whatever request headers middleware replaces', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  await writeFile(
    join(root, 'middleware.cjs'),
    `exports.handler = async () => new Response(null, { headers: { 'x-middleware-next': '1', 'x-middleware-override-headers': 'x-mine', 'x-middleware-request-x-mine': '1' } });`,
  );
  await writeFile(join(root, 'about.html'), '<h1>About</h1>');
  const middleware = {
    id: '/middleware',
    type: 'MIDDLEWARE',
    runtime: 'nodejs',
    filePath: 'middleware.cjs',
    pathname: '/',
  };
  const ownFiles = { '/about': { path: 'about.html', type: 'text/html; charset=utf-8' } };
  const description = {
    ...files.description,
    ownFiles,
    served: ['/about', '/large.bin'],
    middleware,
    routing: { ...files.description.routing, middlewareMatchers: [{ sourceRegex: '^.*$' }] },
  };
  const app = new Application(
    { ...files, root, description } as unknown as FunctionFiles,
    undefined,
    createInFlight(() => undefined),
  );
  const server = createServer((request, response) => void app.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await rm(root, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  for (const path of ['/about', '/large.bin']) {
    const byEdge = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-request-id': 'of-the-edge' } });
    assert.deepEqual([byEdge.status, byEdge.headers.get('x-anchor-serve'), await byEdge.text()], [200, path, '']);
  }
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/about`)).text(), '<h1>About</h1>');
});

test('`res.revalidate` of a page that is a file succeeds', async () => {
  const app = new Application(
    files,
    undefined,
    createInFlight(() => undefined),
  );
  const revalidate = createOnDemandRevalidation((request, response) => app.handle(request, response), '');
  await revalidate({ urlPath: '/about', headers: {}, opts: {} });
  await assert.rejects(revalidate({ urlPath: '/none', headers: {}, opts: {} }), /404/);
});
