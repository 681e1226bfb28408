import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Description, Entry } from '../routing/description.ts';
import { unreachableRoutes } from './route-check.ts';

const entry = (pathname: string, more: Partial<Entry> = {}): Entry => ({
  id: pathname,
  type: 'APP_PAGE',
  pathname,
  filePath: `${pathname}.js`,
  runtime: 'nodejs',
  ...more,
});
const rule = (page: string, regex: string, more: object = {}) => ({
  source: page,
  sourceRegex: `^[/]?${regex}(?:/)?$`,
  destination: `${page}?nxtPid=$nxtPid`,
  ...more,
});
const build = (
  entries: readonly Entry[],
  dynamicRoutes: readonly object[],
  more: Partial<Description> = {},
): Description => ({
  version: 1,
  nextVersion: '16.4.6',
  buildId: 'b',
  builtAt: 0,
  projectDir: '',
  distDir: '.next',
  config: { basePath: '', trailingSlash: false },
  served: [],
  imageFiles: {},
  errorFiles: {},
  hasActions: false,
  entries,
  routing: {
    beforeMiddleware: [],
    middlewareMatchers: [],
    beforeFiles: [],
    afterFiles: [],
    onMatch: [],
    fallback: [],
    dynamicRoutes,
  },
  ...more,
});

test('every page that the tables lead to is reachable', () => {
  const page = rule('/posts/[id]', '/posts/(?<nxtPid>[^/]+?)');
  assert.deepEqual(
    unreachableRoutes(build([entry('/'), entry('/about'), entry('/posts/[id]', { dynamic: true })], [page])),
    [],
  );
});

test('a dynamic page whose rule leads elsewhere is named', () => {
  const broken = { ...rule('/posts/[id]', '/posts/(?<nxtPid>[^/]+?)'), sourceRegex: '^/other/(?<nxtPid>[^/]+?)$' };
  assert.deepEqual(unreachableRoutes(build([entry('/posts/[id]', { dynamic: true })], [broken])), ['/posts/[id]']);
});

test("a route with the build's own paths only is found by those alone", () => {
  const closed = rule('/posts/[id]', '/posts/(?<nxtPid>[^/]+?)', {
    has: [{ type: 'cookie', key: '__prerender_bypass', value: 'secret' }],
  });
  const entries = [entry('/posts/[id]', { dynamic: true })];
  assert.deepEqual(unreachableRoutes(build(entries, [closed], { staticPaths: ['/posts/one'] })), []);
  assert.deepEqual(
    unreachableRoutes(build(entries, [{ ...closed, sourceRegex: '^/none$' }], { staticPaths: ['/posts/one'] })),
    ['/posts/one'],
  );
});

test("intercepting routes and Next's own pages are no addresses", () => {
  assert.deepEqual(
    unreachableRoutes(build([entry('/gallery/(.)photo'), entry('/404', { type: 'PAGES' }), entry('/_not-found')], [])),
    [],
  );
});
