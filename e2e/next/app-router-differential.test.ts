import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpResponse } from '../platform.ts';
import { until } from '@anchor/testing/until.ts';
import { compareAll, type ComparedRequest, type Side } from './compare.ts';
import { useStage } from './stage.ts';

/**
 * The same requests to a deployed site and to `next start` of the same app: what differs is in the list, with its
 * reason.
 */
const stage = useStage(['reference'], { app: 'app-router', hold: '/api/hold', shared: true });
const sides = (): readonly [Side, Side] => [
  plainly({ buildId: '<none>', request: stage.site.request }),
  plainly(stage.reference),
];

/** With bodies that can be compared. */
function plainly({ buildId, request: fetchPath }: Side): Side {
  return { buildId, request: async (...request) => inPlainText(withoutTimes(await fetchPath(...request))) };
}

/** Requests go to the two one after the other, so a cookie that expires in a minute may expire in another second. */
function withoutTimes(response: HttpResponse): HttpResponse {
  const cookies = response.headers['set-cookie'];
  if (cookies === undefined) return response;
  return {
    ...response,
    headers: {
      ...response.headers,
      'set-cookie': cookies.map((cookie) => cookie.replace(/Expires=(?!Thu, 01 Jan 1970)[^;]*/i, 'Expires=<then>')),
    },
  };
}

function inPlainText(response: HttpResponse): HttpResponse {
  const { body } = response;
  // Of a payload the segments and the texts, in whatever order they came: the rest numbers modules and names the build.
  if (String(response.headers['content-type']).startsWith('text/x-component')) {
    return {
      ...response,
      body: [
        ...new Set(
          [...body.matchAll(/"s":"[^"]*"|"children":"[^"$][^"]*"|NEXT_[^"]*/g)].map(([part]) => unstamped(part)),
        ),
      ]
        .sort()
        .join('\n'),
    };
  }
  const text = body.startsWith('<!DOCTYPE html>')
    ? body.replace(/<(script|style|template)\b.*?<\/\1>|<[^>]+>/gs, ' ').replace(/\s+/g, ' ')
    : body;
  return { ...response, body: unstamped(text) };
}
function unstamped(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<stamp>')
    .replaceAll('::ffff:127.0.0.1', '127.0.0.1')
    .replace(/\b\d{8,10}\b/g, '<digest>');
}

const PAGES = [
  '/',
  '/static',
  '/dynamic',
  '/posts/one',
  '/posts/of-difference',
  '/closed/listed',
  '/closed/none',
  '/about',
  '/gallery',
  '/gallery/photo/1',
  '/gallery/list',
  '/slow',
  '/stream',
  '/broken/server',
  '/broken/client',
  '/fatal',
  '/missing/there',
  '/missing/none',
  '/gates/redirect',
  '/gates/permanent',
  '/gates/external',
  '/gates/forbidden',
  '/gates/unauthorized',
  '/gates/none',
  '/gates/built',
  '/late/redirect',
  '/search?q=a&q=b&space=a+b%20c',
  '/params/a%20b/%C3%BC/c%2Fd/e+f',
  '/params/%25/%F0%9F%90%9F',
  '/optional',
  '/optional/x/y',
  '/names/plain',
  '/names/two%20words',
  '/names/%C3%86r%C3%B8sk%C3%B8bing',
  '/names/a%2Fb',
  '/names/a+b',
  '/names/100%25',
  '/names/quote%22%3Cb%3E',
  '/names/of%20difference',
  '/tabs/one',
  '/draft',
  '/edge?name=ada',
  '/actions',
  '/actions/kept',
  '/nothing',
  '/nothing/deeper',
];
const CHARSET = { 'content-type': 'the platform names the charset of text that the build wrote' };
const FILES: readonly ComparedRequest[] = [
  ...['/sitemap.xml', '/robots.txt', '/manifest.webmanifest'].map((path) => ({ path, differs: CHARSET })),
  ...[
    '/icon.svg',
    '/products/sitemap/0.xml',
    '/products/sitemap/9.xml',
    '/apple-icon',
    '/posts/one/opengraph-image',
    '/file%20with%20space.txt',
    '/favicon.ico',
    '/static/',
    '/posts/one/?a=b',
    '//static',
    '/STATIC',
    '/_next/nothing',
    '/index',
    '/static.html',
    '/posts/[slug]',
    '/_not-found',
    '/.well-known/none',
  ].map((path) => ({ path })),
  { path: '/request', headers: { cookie: 'a=1; b=2', 'x-custom': 'c', 'user-agent': 'tester' } },
  {
    path: '/_next/static/none.js',
    differs: { body: 'the platform reports it, since no function runs', 'cache-control': 'no-store alone' },
  },
  ...['/names/%', '/names/%zz'].map((path) => ({
    path,
    differs: {
      status: 'no path: 400, not a failure of the app',
      body: 'the platform says it',
      'cache-control': 'no-store alone',
      'content-type': 'with its charset',
    },
  })),
  ...['/static.rsc', '/static.segments/_tree.segment.rsc'].map((path) => ({
    path,
    differs: {
      status: 'payloads have an address of their own, as on Vercel',
      body: 'the payload',
      'cache-control': 'that of the page',
    },
  })),
];
const HANDLERS: readonly ComparedRequest[] = [
  ...[
    '/api/methods',
    '/api/implicit',
    '/api/built',
    '/api/hello/a%20b%2Fc+d?x=1',
    '/api/stream',
    '/api/big?size=100',
    '/api/fail',
    '/api/redirect',
    '/api/none',
    '/api/draft?on=1',
    '/api/draft',
  ].map((path) => ({ path })),
  { path: '/api/cookies', headers: { cookie: 'a=1; gone=2', 'x-custom': 'c' } },
  { path: '/api/edge', anyBody: true },
];
const methodsOf = (method: string): readonly ComparedRequest[] =>
  [
    '/static',
    '/dynamic',
    '/posts/one',
    '/posts/of-difference',
    '/api/methods',
    '/api/implicit',
    '/api/built',
    '/nothing',
    '/edge',
  ].map((path) => ({
    path,
    method,
    ...(['POST', 'PUT', 'PATCH'].includes(method)
      ? { body: '{}', headers: { 'content-type': 'application/json' } }
      : {}),
  }));
const ACTIONS: readonly ComparedRequest[] = [
  { path: '/api/redirect', method: 'POST' },
  { path: '/api/json', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' },
  {
    path: '/file%20with%20space.txt',
    method: 'POST',
    body: '',
    differs: {
      status: '405 as for every file; next start says 500',
      body: 'so',
      'cache-control': 'none is needed',
      'content-type': 'none is needed',
    },
  },
  ...['/actions', '/static'].map((path) => ({
    path,
    method: 'POST',
    headers: { 'next-action': 'none', 'content-type': 'text/plain;charset=UTF-8' },
    body: '[]',
  })),
  {
    path: '/actions',
    method: 'POST',
    headers: { 'next-action': 'none', 'content-type': 'text/plain;charset=UTF-8', origin: 'http://evil.example' },
    body: '[]',
  },
];

const RSC = { rsc: '1' };
const PREFETCH = { ...RSC, 'next-router-prefetch': '1' };
const CLIENT: readonly (readonly [string, Record<string, string>])[] = [
  ['a navigation', RSC],
  ['a prefetch', PREFETCH],
  ['a prefetch of the tree', { ...PREFETCH, 'next-router-segment-prefetch': '/_tree' }],
  ['a prefetch of everything', { ...PREFETCH, 'next-router-segment-prefetch': '/_full' }],
  ['a prefetch of a segment', { ...PREFETCH, 'next-router-segment-prefetch': '/static/__PAGE__' }],
  ['a prefetch of no segment', { ...PREFETCH, 'next-router-segment-prefetch': '/none' }],
  ['a navigation from the gallery', { ...RSC, 'next-url': '/gallery' }],
  ['a prefetch from the gallery', { ...PREFETCH, 'next-url': '/gallery' }],
  ['a runtime prefetch', { ...RSC, 'next-router-prefetch': '2' }],
];
const PAYLOADS = [
  '/',
  '/static',
  '/dynamic',
  '/posts/one',
  '/posts/of-difference',
  '/closed/none',
  '/gallery/photo/1',
  '/slow',
  '/broken/server',
  '/missing/none',
  '/gates/redirect',
  '/gates/built',
  '/gates/forbidden',
  '/names/a%2Fb',
  '/names/two%20words',
  '/params/a%2Fb/c+d',
  '/search?q=a',
  '/draft',
  '/edge?name=ada',
  '/nothing',
];

/** Everything that differs without a reason, of all of them. */
async function alike(requests: readonly ComparedRequest[]): Promise<void> {
  assert.deepEqual(await compareAll(...sides(), requests), []);
}

/**
 * Next's own server accepts a request for a payload only with the hash of its headers in the address, and redirects
 * requests without it.
 */
async function payload(path: string, headers: Record<string, string>): Promise<ComparedRequest> {
  // The payload has it, and the client follows that.
  const differs: Record<string, string> =
    path === '/gates/built' &&
    headers['next-router-segment-prefetch'] === undefined &&
    headers['next-router-prefetch'] !== '2'
      ? { location: "a redirect without a redirect's status" }
      : {};
  const { status, headers: redirectHeaders } = await stage.reference.request(path, { headers });
  const location = String(redirectHeaders['location']);
  return {
    path: status === 307 && location.includes('_rsc') ? location : `${path}${path.includes('?') ? '&' : '?'}_rsc=none`,
    headers,
    differs,
  };
}

describe('the site responds like next start', () => {
  test('pages', () => alike(PAGES.map((path) => ({ path }))));
  test('files, metadata and paths that are none', () => alike(FILES));
  test('handlers', () => alike(HANDLERS));
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])
    test(method, () => alike(methodsOf(method)));
  test('forms and actions', () => alike(ACTIONS));
  test('pages are compressed for the clients that accept it', async () => {
    for (const path of ['/static', '/dynamic', '/posts/one', '/posts/of-difference', '/slow']) {
      for (const encoding of ['gzip', 'identity']) {
        const [ours, theirs] = sides().map(
          (side) => async () =>
            (await side.request(path, { headers: { 'accept-encoding': encoding } })).headers['content-encoding'],
        );
        const expected = await theirs?.();
        // The edge compresses a cached page in the background, after the first request of a client that accepts it.
        await until(`${path} ${encoding}: ${expected}`, async () => (await ours?.()) === expected);
      }
    }
  });
  // A runtime prefetch of an edge page fails in Next itself.
  for (const [what, headers] of CLIENT)
    test(what, async () =>
      alike(
        await Promise.all(
          PAYLOADS.filter((path) => headers['next-router-prefetch'] !== '2' || !path.startsWith('/edge')).map((path) =>
            payload(path, headers),
          ),
        ),
      ),
    );
});
