import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CHECKS } from '@anchor/protocol/artifact/web/checks.ts';
import type { Prerender } from '@anchor/protocol/artifact/web/files.ts';
import type { BuildDescription } from './build-description.ts';
import { routeChecks } from './route-checks.ts';

type Entry = BuildDescription['entries'][number];
const entry = (pathname: string, more: Partial<Entry> = {}): Entry => ({
  id: pathname,
  type: 'APP_PAGE',
  pathname,
  filePath: `${pathname}/page.js`,
  runtime: 'nodejs',
  ...more,
});
const dynamic = (pathname: string, more: Partial<Entry> = {}): Entry => entry(pathname, { dynamic: true, ...more });
const page = (status = 200): Prerender => ({
  blob: '0'.repeat(64),
  size: 1,
  status,
  headers: {},
  revalidate: false,
  tags: [],
  group: 1,
  bypass: [],
});
const check = (
  entries: readonly Entry[],
  made: Readonly<Record<string, { parent: string; status?: number }>> = {},
  basePath = '',
  middleware: readonly string[] = [],
) => {
  const build = {
    routing: { middlewareMatchers: middleware.map((sourceRegex) => ({ sourceRegex })) },
    config: { basePath, trailingSlash: false },
    entries,
    prerenders: Object.entries(made).map(([pathname, { parent }]) => ({
      pathname,
      parentOutputId: parent,
      groupId: 1,
      config: {},
    })),
  } as unknown as BuildDescription;
  return routeChecks(build, Object.fromEntries(Object.entries(made).map(([path, { status }]) => [path, page(status)])));
};

test('one static route of each kind represents the others', () => {
  assert.deepEqual(
    check(
      [
        entry('/b-static'),
        entry('/a'),
        entry('/longer'),
        entry('/p', { type: 'PAGES' }),
        entry('/edge', { runtime: 'edge' }),
      ],
      { '/b-static': { parent: '/b-static' } },
    ),
    [{ path: '/a' }, { path: '/p' }, { path: '/edge' }, { path: '/b-static', prerendered: true }],
  );
});

test('each dynamic route with a path that the build rendered is requested by it, and an optional catch-all by its start', () => {
  assert.deepEqual(
    check([dynamic('/docs/[[...segments]]'), dynamic('/shop/[...segment]'), dynamic('/blog/[slug]')], {
      '/shop/one/two': { parent: '/shop/[...segment]' },
      '/shop/one': { parent: '/shop/[...segment]' },
    }),
    [{ path: '/shop/one', prerendered: true }, { path: '/docs' }],
  );
});

test('a page that middleware may hide is requested, but may be missing', () => {
  const made = { '/site/a': { parent: '/site/[slug]' }, '/docs/a': { parent: '/docs/[slug]' } };
  assert.deepEqual(
    check([dynamic('/docs/[slug]'), dynamic('/site/[slug]')], made, '', ['^/site(?:/(.*))?$', '^/(a+)+b$']),
    [{ path: '/docs/a', prerendered: true }, { path: '/site/a' }],
  );
  assert.deepEqual(check([dynamic('/docs/[slug]')], { '/docs/a': { parent: '/docs/[slug]' } }, '', ['(']), [
    { path: '/docs/a' },
  ]);
});

test('handlers, payloads, data, error pages, intercepting routes and pages that were rendered as missing are left out', () => {
  assert.deepEqual(
    check(
      [
        entry('/api/do', { type: 'APP_ROUTE' }),
        entry('/api/x', { type: 'PAGES_API' }),
        entry('/_not-found'),
        entry('/_next/data/b/p.json', { type: 'PAGES' }),
        entry('/gallery/(.)photo'),
        dynamic('/old/[id]'),
        entry('/gone'),
      ],
      { '/old/1': { parent: '/old/[id]', status: 404 }, '/gone': { parent: '/gone', status: 404 } },
    ),
    [],
  );
  assert.deepEqual(check([entry('/a.rsc', { filePath: 'a' }), entry('/a', { filePath: 'a' })]), [{ path: '/a' }]);
});

test('paths are encoded, below the basePath, and bounded in number', () => {
  assert.deepEqual(check([entry('/base/stra\u00dfe 1')], {}, '/base'), [{ path: '/base/stra%C3%9Fe%201' }]);
  const many = Array.from({ length: 100 }, (_, i) => `/r${i}/[id]`);
  assert.equal(
    check(
      many.map((pathname) => dynamic(pathname)),
      Object.fromEntries(many.map((parent, i) => [`/r${i}/1`, { parent }])),
    ).length,
    MAX_CHECKS,
  );
});
