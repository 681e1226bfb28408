import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Description, Entry } from './description.ts';
import type { InvokeMiddleware, Route } from './route.ts';
import { createRouter } from './router.ts';

const entry = (pathname: string, type = 'PAGES', more: Partial<Entry> = {}): Entry => ({
  id: pathname,
  type,
  pathname,
  filePath: `${pathname}.js`,
  runtime: 'nodejs',
  ...more,
});
const nothing: InvokeMiddleware = async () => ({ kind: 'next' });

function router(
  more: {
    routing?: object;
    entries?: Entry[];
    served?: string[];
    staticPaths?: string[];
    config?: object;
    middleware?: boolean;
  } = {},
  middleware = nothing,
) {
  const description: Description = {
    version: 1,
    nextVersion: '16.4.6',
    buildId: 'b1',
    builtAt: 0,
    projectDir: '',
    distDir: '.next',
    hasActions: false,
    imageFiles: {},
    errorFiles: {},
    config: { basePath: '', trailingSlash: false, ...more.config },
    entries: more.entries ?? [],
    served: more.served ?? [],
    staticPaths: more.staticPaths ?? [],
    routing: {
      beforeMiddleware: [],
      middlewareMatchers: more.middleware === true ? [{ sourceRegex: '^/.*$' }] : [],
      beforeFiles: [],
      afterFiles: [],
      dynamicRoutes: [],
      onMatch: [],
      fallback: [],
      ...more.routing,
    },
    ...(more.middleware === true ? { middleware: entry('/_middleware', 'MIDDLEWARE') } : {}),
  };
  const { route } = createRouter(description);
  return (path: string, headers: Record<string, string> = {}): Promise<Route> =>
    route(new URL(path, 'http://site.localhost'), { headers }, middleware);
}
const name = (route: Route): string =>
  route.kind === 'entry'
    ? route.entry.pathname
    : route.kind === 'file'
      ? `file ${route.pathname}`
      : route.kind === 'redirect'
        ? `${route.status} ${route.location}`
        : route.kind === 'proxy'
          ? String(route.url)
          : route.kind;

test('files before pages, rewrites in their phases, dynamic routes after afterFiles', async () => {
  const routeOf = router({
    entries: [entry('/ssr'), entry('/posts/[slug]')],
    served: ['/file.txt', '/other.txt'],
    routing: {
      beforeFiles: [
        { sourceRegex: '^/file\\.txt$', has: [{ type: 'query', key: 'instead' }], destination: '/other.txt' },
      ],
      afterFiles: [
        { sourceRegex: '^/file\\.txt$', destination: '/ssr' },
        { sourceRegex: '^/posts/special$', destination: '/ssr?special=1' },
        { sourceRegex: '^/out/(.*)$', destination: 'https://example.com/$1?a=1' },
      ],
      dynamicRoutes: [
        {
          source: '/posts/[slug]',
          sourceRegex: '^[/]?/posts/(?<nxtPslug>[^/]+?)(?:/)?$',
          destination: '/posts/[slug]?nxtPslug=$nxtPslug',
        },
      ],
      fallback: [{ sourceRegex: '^/last/(.*)$', destination: '/posts/$1' }],
    },
  });
  assert.deepEqual(
    await Promise.all(
      [
        '/file.txt',
        '/file.txt?instead',
        '/file.txt?instead=1',
        '/posts/special',
        '/posts/a',
        '/last/b',
        '/out/x?b=2',
        '/none',
      ].map(async (path) => name(await routeOf(path))),
    ),
    [
      'file /file.txt',
      'file /file.txt',
      'file /other.txt',
      '/ssr',
      '/posts/[slug]',
      '/posts/[slug]',
      'https://example.com/x?a=1&b=2',
      'none',
    ],
  );
  const route = await routeOf('/last/b%2Fc?x=1');
  assert.deepEqual(route.kind === 'entry' && [route.query, route.plain], [{ x: '1', nxtPslug: 'b%2Fc' }, false]);
});

test("hashed files are the edge's, also when middleware runs before them", async () => {
  const routeOf = router({
    middleware: true,
    entries: [entry('/[...all]')],
    routing: {
      dynamicRoutes: [
        { source: '/[...all]', sourceRegex: '^[/]?/(?<nxtPall>.+?)(?:/)?$', destination: '/[...all]?nxtPall=$nxtPall' },
      ],
    },
  });
  assert.equal(
    name(await routeOf('/_next/static/chunks/%5Bslug%5D-abc.js')),
    'file /_next/static/chunks/[slug]-abc.js',
  );
  assert.equal(name(await routeOf('/_next/other')), '/[...all]');
});

test("a dynamic route without others has the prerendered paths, and a draft's", async () => {
  const routeOf = router({
    entries: [entry('/posts/[slug]'), entry('/ssr')],
    staticPaths: ['/posts/first', '/posts/zweite Straße'],
    routing: {
      dynamicRoutes: [
        {
          source: '/posts/[slug]',
          sourceRegex: '^[/]?/posts/(?<nxtPslug>[^/]+?)(?:/)?$',
          destination: '/posts/[slug]?nxtPslug=$nxtPslug',
          has: [{ type: 'cookie', key: '__prerender_bypass', value: 'secret' }],
        },
      ],
      fallback: [{ sourceRegex: '^/posts/(.*)$', destination: '/ssr?slug=$1' }],
    },
  });
  assert.deepEqual(
    [
      name(await routeOf('/posts/first')),
      name(await routeOf('/posts/zweite%20Stra%C3%9Fe')),
      name(await routeOf('/posts/none')),
      name(await routeOf('/posts/none', { cookie: '__prerender_bypass=secret' })),
    ],
    ['/posts/[slug]', '/posts/[slug]', '/ssr', '/posts/[slug]'],
  );
});

test('redirects come before middleware and keep the headers of the configuration; never to another host by accident', async () => {
  let calls = 0;
  const routeOf = router(
    {
      middleware: true,
      entries: [entry('/ssr')],
      routing: {
        beforeMiddleware: [
          { sourceRegex: '^/.*$', headers: { 'X-All': 'yes' } },
          {
            sourceRegex: '^(?:/((?:[^/]+?)(?:/(?:[^/]+?))*))/$',
            headers: { Location: '/$1' },
            status: 308,
            priority: true,
          },
          { sourceRegex: '^/old(.*)$', headers: { Location: '$1' }, status: 307 },
        ],
      },
    },
    async () => {
      calls++;
      return { kind: 'next' };
    },
  );
  const route = await routeOf('/ssr/?a=1');
  assert.deepEqual([name(route), route.headers['x-all'], calls], ['308 /ssr?a=1', 'yes', 0]);
  assert.equal(name(await routeOf('/old//evil.example')), '307 /evil.example');
  assert.equal(name(await routeOf('/ssr')), '/ssr');
  assert.equal(calls, 1);
});

test('data: with middleware under the address of the page, for pages that have data only', async () => {
  const seen: string[] = [];
  const parts = {
    entries: [entry('/ssr'), entry('/_next/data/b1/ssr.json', 'PAGES', { filePath: '/ssr.js' }), entry('/initial')],
    served: ['/static'],
    routing: { beforeFiles: [{ sourceRegex: '^/was$', destination: '/ssr' }] },
  };
  const routeOf = router({ ...parts, middleware: true }, async (url) => {
    seen.push(url.pathname);
    return { kind: 'next' };
  });
  assert.deepEqual(
    [
      name(await routeOf('/_next/data/b1/ssr.json')),
      name(await routeOf('/_next/data/b1/was.json')),
      name(await routeOf('/_next/data/b0/ssr.json')),
    ],
    ['/ssr', '/ssr', 'none'],
  );
  assert.deepEqual(seen, ['/ssr', '/was', '/_next/data/b0/ssr.json']);
  const plain = router(parts);
  assert.deepEqual(
    [
      name(await plain('/_next/data/b1/ssr.json')),
      name(await plain('/_next/data/b1/initial.json')),
      name(await plain('/_next/data/b1/static.json')),
      name(await plain('/_next/data/b1/was.json')),
    ],
    ['/ssr', 'none', 'none', 'none'],
  );
});

test('locales: pages have them, API routes and files do not', async () => {
  const config = { basePath: '/base', trailingSlash: true, i18n: { locales: ['en', 'de'], defaultLocale: 'en' } };
  const routeOf = router({
    config,
    entries: [entry('/base/en/ssr'), entry('/base/de/ssr'), entry('/base/ssr'), entry('/base/api/hello', 'PAGES_API')],
    served: ['/base/file.txt', '/base/de', '/base/en'],
  });
  const found = async (path: string): Promise<[string, string | undefined]> => {
    const route = await routeOf(path);
    return [name(route), route.locale];
  };
  assert.deepEqual(await found('/base/ssr/'), ['/base/en/ssr', 'en']);
  assert.deepEqual(await found('/base/de/ssr/'), ['/base/de/ssr', 'de']);
  assert.deepEqual(await found('/base/de/'), ['file /base/de', 'de']);
  assert.deepEqual(await found('/base/'), ['file /base/en', 'en']);
  assert.deepEqual(await found('/base/api/hello/'), ['/base/api/hello', 'en']);
  assert.deepEqual(await found('/base/de/api/hello/'), ['none', 'de']);
  assert.deepEqual(await found('/base/file.txt'), ['file /base/file.txt', 'en']);
  assert.deepEqual(await found('/base/de/file.txt'), ['none', 'de']);
  assert.deepEqual(await found('/ssr/'), ['none', 'en']);
});

test('a page is the same for all clients only where its path names the locale, or nothing else decides it', async () => {
  const entries = [entry('/en'), entry('/en/ssr'), entry('/de/ssr')];
  const plain = async (path: string, domains: object[] = []): Promise<boolean> => {
    const route = await router({ config: { i18n: { locales: ['en', 'de'], defaultLocale: 'en', domains } }, entries })(
      path,
    );
    return route.kind === 'entry' && route.plain;
  };
  assert.deepEqual([await plain('/'), await plain('/ssr'), await plain('/de/ssr')], [false, true, true]);
  const domains = [{ domain: 'example.de', defaultLocale: 'de' }];
  assert.deepEqual([await plain('/ssr', domains), await plain('/de/ssr', domains)], [false, true]);
});

test('data without middleware: in the language of its path, and none where there is no language', async () => {
  const routeOf = router({
    config: {
      i18n: { locales: ['en', 'fr'], defaultLocale: 'en', domains: [{ domain: 'fr.example', defaultLocale: 'fr' }] },
    },
    entries: [entry('/ssr'), entry('/_next/data/b1/ssr.json', 'PAGES', { filePath: '/ssr.js' })],
  });
  const seen = async (path: string) => {
    const route = await routeOf(path);
    return route.kind === 'entry' ? [route.entry.pathname, route.locale] : route.kind;
  };
  assert.deepEqual(await seen('/_next/data/b1/fr/ssr.json'), ['/ssr', 'fr']);
  assert.deepEqual(await seen('/_next/data/b1/FR/ssr.json'), ['/ssr', 'fr']);
  assert.deepEqual(await seen('/_next/data/b1/en/ssr.json'), ['/ssr', 'en']);
  assert.equal(await seen('/_next/data/b1/ssr.json'), 'none');
  assert.equal(await seen('/_next/data/other/fr/ssr.json'), 'none');
});

test("a letter that is written as an escape is another path than the page's, but a file's all the same", async () => {
  const routeOf = router({ entries: [entry('/ssr'), entry('/straße')], served: ['/file.txt'] });
  assert.deepEqual(
    await Promise.all(['/ssr', '/%73sr', '/stra%C3%9Fe', '/%66ile.txt'].map(async (path) => name(await routeOf(path)))),
    ['/ssr', 'none', '/straße', 'file /file.txt'],
  );
});

test('a dynamic page without data of its own is one file for all of its paths', async () => {
  const routeOf = router({
    served: ['/plain/[id]'],
    routing: {
      dynamicRoutes: [
        {
          source: '/plain/[id]',
          sourceRegex: '^[/]?/plain/(?<nxtPid>[^/]+?)(?:/)?$',
          destination: '/plain/[id]?nxtPid=$nxtPid',
        },
      ],
    },
  });
  assert.equal(name(await routeOf('/plain/any')), 'file /plain/[id]');
});
