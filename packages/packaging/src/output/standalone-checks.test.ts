import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { standaloneChecks } from './standalone-checks.ts';

const directories: string[] = [];
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  directories.push(root);
});
after(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));
const put = async (path: string, value: unknown): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), JSON.stringify(value));
};

test('a page of each kind and a path of each dynamic route are requested, handlers and API routes are not', async () => {
  await put('.next/prerender-manifest.json', {
    routes: {
      '/': { srcRoute: '/', dataRoute: '/index.rsc' },
      '/about': { srcRoute: '/about', dataRoute: '/about.rsc' },
      '/_not-found': { srcRoute: '/_not-found', dataRoute: '/_not-found.rsc', initialStatus: 404 },
      '/posts/second': { srcRoute: '/posts/[segments]', dataRoute: '/posts/second.rsc' },
      '/posts/a': { srcRoute: '/posts/[segments]', dataRoute: '/posts/a.rsc' },
      '/old': { srcRoute: null, dataRoute: '/_next/data/b/old.json' },
    },
  });
  await put('.next/server/pages-manifest.json', {
    '/_app': 'pages/_app.js',
    '/_error': 'pages/_error.js',
    '/api/do': 'pages/api/do.js',
    '/ssr': 'pages/ssr.js',
    '/old': 'pages/old.html',
    '/p/[id]': 'pages/p/[id].js',
  });
  await put('.next/app-path-routes-manifest.json', {
    '/page': '/',
    '/now/page': '/now',
    '/api/x/route': '/api/x',
    '/posts/[segments]/page': '/posts/[segments]',
    '/gallery/@modal/(.)photo/page': '/gallery/(.)photo',
  });
  assert.deepEqual(await standaloneChecks(root, '.next', '/base', false), [
    { path: '/base', prerendered: true },
    { path: '/base/old', prerendered: true },
    { path: '/base/posts/a', prerendered: true },
    { path: '/base/now' },
    { path: '/base/ssr' },
  ]);
  assert.deepEqual(
    await standaloneChecks(root, '.next', '', true),
    ['/', '/old', '/posts/a', '/now', '/ssr'].map((path) => ({ path })),
    'a language may have a domain of its own, so a page may be missing under the address of the deployment',
  );
});

test('a page that middleware may hide is requested, but may be missing', async () => {
  const routes = {
    '/about': { srcRoute: '/about', dataRoute: '/about.rsc' },
    '/site/a': { srcRoute: '/site/[slug]', dataRoute: '/site/a.rsc' },
  };
  const expected = [{ path: '/about', prerendered: true }, { path: '/site/a' }];
  for (const [file, manifest] of [
    ['middleware-manifest.json', { middleware: { '/': { matchers: [{ regexp: '^/site(?:/(.*))?$' }] } } }],
    [
      'functions-config-manifest.json',
      {
        functions: { '/_middleware': { runtime: 'nodejs', matchers: [{ regexp: '^/site(?:/(.*))?$' }] }, '/api/x': {} },
      },
    ],
  ] as const) {
    await put('.next/prerender-manifest.json', { routes });
    await put(`.next/server/${file}`, manifest);
    assert.deepEqual(await standaloneChecks(root, '.next', '', false), expected);
    await rm(join(root, '.next/server'), { recursive: true });
  }
});

test('a build without these files has nothing to request', async () => {
  assert.deepEqual(await standaloneChecks(root, '.next', '', false), []);
});
