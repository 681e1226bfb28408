import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { RouteMatcher } from '@anchor/edge/routing/route-matcher.ts';
import { routesSchema, standaloneRouting } from './standalone-routing.ts';

const NONE = { redirects: [], headers: [], rewrites: [] };
const whole = (manifest: object, matchers: readonly string[] = []) =>
  standaloneRouting(routesSchema.parse({ ...NONE, ...manifest }), matchers);
/** Without the rule that every app has, see the test of payloads. */
const routing = (manifest: object, matchers?: readonly string[]) => {
  const rules = whole(manifest, matchers);
  return { ...rules, middlewareMatchers: rules.middlewareMatchers.slice(0, -1) };
};
const sources = (manifest: object, matchers?: readonly string[]) =>
  routing(manifest, matchers).middlewareMatchers.map(({ sourceRegex }) => sourceRegex);

test('the server handles what a redirect, a rewrite before files or middleware matches', () => {
  const redirects = [{ source: '/old', destination: '/new', statusCode: 308, regex: '^(?!/_next)/old(?:/)?$' }];
  const rewrites = {
    beforeFiles: [{ source: '/a', destination: '/b', regex: '^/a$' }],
    afterFiles: [],
    fallback: [{ source: '/:path*', destination: 'https://example.com/:path*', regex: '^/.*$' }],
  };
  assert.deepEqual(sources({ redirects, rewrites }, ['^/guarded$']), ['^/guarded$', '^(?!/_next)/old(?:/)?$', '^/a$']);
});

test('conditions stay with their rule; ones that cannot be read make it count for every request', () => {
  const rule = { source: '/:path*', destination: 'https://example.com/:path*', statusCode: 308, regex: '^/.*$' };
  const [matcher] = routing({
    redirects: [{ ...rule, has: [{ type: 'host', value: 'www.example.com' }] }],
  }).middlewareMatchers;
  assert.deepEqual(matcher?.has, [{ type: 'host', value: 'www.example.com' }]);
  const [dropped] = routing({ redirects: [{ ...rule, has: 'everything' }] }).middlewareMatchers;
  assert.deepEqual(dropped, { sourceRegex: '^/.*$' });
});

test("plain headers are the edge's; those with a part of the path or a condition in them are not", () => {
  const rule = (source: string, value: string, rest: object = {}) => ({
    source,
    regex: `^${source}$`,
    headers: [{ key: 'x-a', value }],
    ...rest,
  });
  const plain = [rule('/(.*)', "default-src 'self'; img-src https://example.com:8443 data:"), rule('/x', 'max-age=1')];
  const others = [
    rule('/:path*', 'at :path'),
    rule('/(.*)', ':0'),
    rule('/y', '$1'),
    rule('/z', 'v', { has: [{ type: 'cookie', key: 'a' }] }),
  ];
  const { beforeMiddleware, middlewareMatchers } = routing({ headers: [...plain, ...others] });
  assert.deepEqual(
    beforeMiddleware,
    plain.map(({ regex, headers }) => ({ sourceRegex: regex, headers: { 'x-a': headers[0]?.value } })),
  );
  assert.deepEqual(
    middlewareMatchers.map(({ sourceRegex }) => sourceRegex),
    others.map(({ regex }) => regex),
  );
});

test('rewrites after files come before pages of dynamic routes only, and the fallback after all of them', () => {
  const rewrites = {
    beforeFiles: [],
    afterFiles: [{ source: '/a', destination: '/b', regex: '^/a$' }],
    fallback: [{ source: '/c', destination: '/d', regex: '^/c$' }],
  };
  assert.deepEqual(routing({ rewrites }).afterFiles, [{ sourceRegex: '^/a$' }]);
  assert.deepEqual(routing({ rewrites: rewrites.afterFiles }).afterFiles, [{ sourceRegex: '^/a$' }]);
});

test('the payload of a guarded page is not to be had by its name in the artifact', () => {
  const matcher = '^(?:\\/(_next\\/data\\/[^/]{1,}))?\\/guarded(.json)?[\\/#\\?]?$'; // as Next 13.5 and 14 write it
  const plans = new RouteMatcher({
    kind: 'web',
    framework: { name: 'nextjs' },
    basePath: '',
    trailingSlash: false,
    files: {},
    prerenders: {},
    routing: whole({}, [matcher]),
  });
  const decisionFor = (path: string) =>
    plans.decide(path, decodeURI(path), { headers: {}, host: 'x', query: '', budget: { left: 1_000_000 } }).kind;
  for (const path of ['/guarded', '/guarded.rsc', '/guarded.rsc/', '/guarded%2Ersc', '/guarded.%72sc', '/index.rsc'])
    assert.equal(decisionFor(path), 'function', path);
  for (const path of ['/', '/open', '/rsc']) assert.equal(decisionFor(path), 'pass', path);
});
