import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from './description.ts';
import { dynamicPages, dynamicPathnames } from './dynamic-routes.ts';
import { createRouter } from './router.ts';

/**
 * How a version of Next writes its table: one rule for a page and its payloads since 16.4, but for pages with
 * conditions; two before.
 */
type Shape = 'one rule' | 'two rules' | 'two rules, by number';
type Segment = string | Readonly<{ name: string; kind: 'one' | 'all' | 'optional' }>;

const BUILD = 'aB-3_x';
const RSC = {
  header: 'rsc',
  suffix: '.rsc',
  prefetchSegmentDirSuffix: '.segments',
  prefetchSegmentSuffix: '.segment.rsc',
};
const PAYLOADS = '\\.rsc|\\.segments/.+\\.segment\\.rsc';
const escaped = (text: string): string => text.replace(/[|\\{}()[\]^$+*?.-]/g, '\\$&');
const written = (segment: Segment): string =>
  typeof segment === 'string'
    ? segment
    : segment.kind === 'one'
      ? `[${segment.name}]`
      : segment.kind === 'all'
        ? `[...${segment.name}]`
        : `[[...${segment.name}]]`;
const pageOf = (segments: readonly Segment[]): string => segments.map((segment) => `/${written(segment)}`).join('');
const groupOf = (name: string): string => `nxtP${name.replace(/\W/g, '')}`;

/** The rules for one page, as the build adapter of Next gets them. */
function rulesOf(
  segments: readonly Segment[],
  { shape, basePath, localized, type }: Readonly<{ shape: Shape; basePath: string; localized: boolean; type: string }>,
): object[] {
  const page = pageOf(segments);
  const regex = segments
    .map((segment) => {
      if (typeof segment === 'string') return `/${escaped(segment)}`;
      const group = `(?<${groupOf(segment.name)}>${segment.kind === 'one' ? '[^/]+?' : '.+?'})`;
      return segment.kind === 'optional' ? `(?:/${group})?` : `/${group}`;
    })
    .join('');
  const params = segments.flatMap((segment) =>
    typeof segment === 'string' ? [] : [`nxtP${segment.name}=$${groupOf(segment.name)}`],
  );
  const locale = localized ? { group: '(?<nextLocale>[^/]{1,})', path: '/$nextLocale' } : { group: '', path: '' };
  const query = params.length === 0 ? '' : `?${params.join('&')}`;
  const data = {
    source: page,
    sourceRegex: `^${basePath}/_next/data/${escaped(BUILD)}[/]?${locale.group}${regex}\\.json(?:/)?$`,
    destination: `${basePath}/_next/data/${BUILD}${locale.path}${page}.json${query}`,
  };
  const start = `^${basePath}[/]?${locale.group}${regex}`;
  const groups = params.length + (localized ? 1 : 0);
  const own = localized
    ? [{ source: page, sourceRegex: `${start}(?:/)?$`, destination: `${basePath}${locale.path}${page}${query}` }]
    : shape === 'one rule'
      ? [
          {
            source: page,
            sourceRegex: `${start}(${PAYLOADS}|)(?:/)?$`,
            destination: `${basePath}${page}$${groups + 1}${query}`,
          },
        ]
      : shape === 'two rules, by number'
        ? [
            {
              source: `${page}.rsc`,
              sourceRegex: `${start}(${PAYLOADS})(?:/)?$`,
              destination: `${basePath}${page}$${groups + 1}${query}`,
            },
            { source: page, sourceRegex: `${start}(?:/)?$`, destination: `${basePath}${page}${query}` },
          ]
        : [
            {
              source: `${page}.rsc`,
              sourceRegex: `${start}(?<rscSuffix>${PAYLOADS})(?:/)?$`,
              destination: `${basePath}${page}$rscSuffix${query}`,
            },
            { source: page, sourceRegex: `${start}(?:/)?$`, destination: `${basePath}${page}${query}` },
          ];
  return type === 'PAGES' ? [data, ...own] : own;
}

/** Names that look like something of Next's own. */
const HARD = [
  'segments',
  'segment',
  'rsc',
  'rscSuffix',
  'nextLocale',
  'nxtPslug',
  'data',
  'action',
  'json',
  'x.rsc',
  'y.segments',
  'z.segment.rsc',
  'a.json',
  '_next',
  '$1',
  '$rscSuffix',
  '(.)photo',
  '@slot',
  'index',
  '404',
  'a-b',
  'größe',
  '_rsc',
  'x.action',
];
const literal = fc
  .oneof(fc.constantFrom(...HARD), fc.stringMatching(/^[a-z0-9._$@()-]{1,12}$/))
  .filter((name) => !['.', '..'].includes(name));
const parameter = fc.oneof(
  fc.constantFrom(
    'segments',
    'segment',
    'segmentPath',
    'rsc',
    'json',
    'data',
    'action',
    'nxtPslug',
    'my-slug',
    'größe',
    'locale',
  ),
  fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_-]{0,8}$/),
);
/** A page's segments: a first one of its own, so that no page hides another, and a catch-all at the end at most. */
const route = fc
  .tuple(
    fc.array(
      fc.oneof(
        literal,
        parameter.map((name): Segment => ({ name, kind: 'one' })),
      ),
      { maxLength: 3 },
    ),
    fc.option(
      fc.record({ name: parameter, kind: fc.constantFrom('one' as const, 'all' as const, 'optional' as const) }),
      { nil: undefined },
    ),
  )
  .map(([middle, last]): Segment[] => [...middle, ...(last === undefined ? [] : [last])])
  .filter(
    (segments) =>
      segments.some((segment) => typeof segment !== 'string') &&
      new Set(segments.flatMap((segment) => (typeof segment === 'string' ? [] : [groupOf(segment.name)]))).size ===
        segments.filter((segment) => typeof segment !== 'string').length &&
      segments.every((segment) => typeof segment === 'string' || groupOf(segment.name) !== 'nxtP'),
  );

test('the pages of a route table are found whatever they and their parameters are called, in the form of every version', () => {
  fc.assert(
    fc.property(
      fc.array(route, { minLength: 1, maxLength: 8 }),
      fc.constantFrom<Shape>('one rule', 'two rules', 'two rules, by number'),
      fc.constantFrom('', '/base'),
      fc.boolean(),
      fc.constantFrom('PAGES', 'APP_PAGE'),
      (routes, shape, basePath, localized, type) => {
        const pages = routes.map((segments, i): Segment[] => [`r${i}`, ...segments]);
        const routing = {
          dynamicRoutes: pages.flatMap((segments) => rulesOf(segments, { shape, basePath, localized, type })),
          rsc: RSC,
        };
        const found = dynamicPages({ routing, basePath, buildId: BUILD });
        assert.deepEqual(
          found.map(({ page }) => page),
          pages.map(pageOf),
        );
        assert.ok(found.every((page) => page.localized === localized));
        for (const [i, segments] of pages.entries()) {
          const named = segments.flatMap((segment) => (typeof segment === 'string' ? [] : [segment]));
          assert.deepEqual(
            found[i]?.params.map(({ key, group, repeats }) => [key, group, repeats]),
            named.map(({ name, kind }) => [`nxtP${name}`, groupOf(name), kind !== 'one']),
          );
        }
        const locales = localized ? ['en', 'de'] : [];
        const names = dynamicPathnames({ routing, basePath, buildId: BUILD }, locales);
        assert.ok(
          pages.every(
            (segments) =>
              names.has(`${basePath}${pageOf(segments)}`) &&
              locales.every((locale) => names.has(`${basePath}/${locale}${pageOf(segments)}`)),
          ),
        );
      },
    ),
    { numRuns: 400 },
  );
});

test('a request for a path of a dynamic route reaches its entry point with its parameters', async () => {
  await fc.assert(
    fc.asyncProperty(
      route,
      fc.constantFrom<Shape>('one rule', 'two rules', 'two rules, by number'),
      fc.constantFrom('', '/base'),
      fc.constantFrom('a', 'x.rsc', 'two words', 'a.segments'),
      async (segments, shape, basePath, value) => {
        const page: readonly Segment[] = ['r', ...segments];
        const entry: Entry = {
          id: pageOf(page),
          type: 'APP_PAGE',
          pathname: `${basePath}${pageOf(page)}`,
          filePath: 'page.js',
          runtime: 'nodejs',
        };
        const payload: Entry = { ...entry, pathname: `${entry.pathname}.rsc` };
        const { route } = createRouter({
          version: 1,
          nextVersion: '16.4.6',
          buildId: BUILD,
          builtAt: 0,
          projectDir: '',
          distDir: '.next',
          hasActions: false,
          imageFiles: {},
          errorFiles: {},
          served: [],
          config: { basePath, trailingSlash: false },
          entries: [payload, entry],
          routing: {
            beforeMiddleware: [],
            middlewareMatchers: [],
            beforeFiles: [],
            afterFiles: [],
            onMatch: [],
            fallback: [],
            rsc: RSC,
            dynamicRoutes: rulesOf(page, { shape, basePath, localized: false, type: 'APP_PAGE' }),
          },
        });
        const path = `${basePath}/${page
          .map((segment) =>
            encodeURIComponent(typeof segment === 'string' ? segment : value)
              .replaceAll('%24', '$')
              .replaceAll('%40', '@'),
          )
          .join('/')}`;
        const url = new URL('http://site.localhost');
        url.pathname = path;
        const result = await route(url, { headers: {} }, async () => ({ kind: 'next' }));
        // Text outside of ASCII is matched encoded, as in Next's own expressions.
        if (page.some((segment) => typeof segment === 'string' && encodeURI(segment) !== segment)) return;
        assert.equal(result.kind === 'entry' ? result.entry.pathname : result.kind, entry.pathname);
        const params = result.kind === 'entry' ? result.query : {};
        for (const segment of page)
          if (typeof segment !== 'string')
            assert.deepEqual(
              params[`nxtP${segment.name}`],
              segment.kind === 'one' ? encodeURIComponent(value) : [encodeURIComponent(value)],
            );
      },
    ),
    { numRuns: 300 },
  );
});

test('a page that is called like the payload of another is that page', async () => {
  const entries = ['/feed', '/feed.rsc'].flatMap((pathname): Entry[] => [
    { id: pathname, type: 'APP_PAGE', pathname, filePath: `app${pathname}/page.js`, runtime: 'nodejs' },
    {
      id: `${pathname}.rsc`,
      type: 'APP_PAGE',
      pathname: `${pathname}.rsc`,
      filePath: `app${pathname}/page.js`,
      runtime: 'nodejs',
    },
  ]);
  for (const order of [entries, entries.toReversed()]) {
    const { byPathname } = createRouter({
      version: 1,
      nextVersion: '16.4.6',
      buildId: BUILD,
      builtAt: 0,
      projectDir: '',
      distDir: '.next',
      hasActions: false,
      imageFiles: {},
      errorFiles: {},
      served: [],
      config: { basePath: '', trailingSlash: false },
      entries: order,
      routing: { dynamicRoutes: [], rsc: RSC },
    });
    assert.equal(byPathname('/feed.rsc')?.filePath, 'app/feed.rsc/page.js');
  }
});
