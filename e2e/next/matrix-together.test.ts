import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareAll, type ComparedRequest } from './compare.ts';
import { declareMatrix } from './matrix/declare.ts';

/** Every way to revalidate, of both routers, with languages, basePath and a proxy at once: as `next start` does it. */
const BASE = '/base';
const sides = declareMatrix({ name: 'together', basePath: BASE, i18n: true, middleware: true });

const OUTSIDE = '/_next/data/<build>/fr/ssr.json';
const UNKNOWN = `${BASE}/_next/data/<build>/xx/ssr.json`;
const MADE = `${BASE}/_next/data/<build>/p/by-data.json`;
const DATA = [
  'ssr.json',
  'en/ssr.json',
  'fr/ssr.json?x=1',
  'FR/ssr.json',
  'fr/p/by-data-gone.json',
  'de/p/by-data-moved.json',
  'fr/plain.json',
  'fr/none.json',
  'fr.json',
].map((path) => `${BASE}/_next/data/<build>/${path}`);
const PAGES = [
  '/ssr',
  '/fr/ssr?x=1',
  '/en/ssr',
  '/FR/ssr',
  '/%66r/ssr',
  '/ss%72',
  '/plain',
  '/fr/plain',
  '/fr/act',
  '/fr/none',
  '/fr',
  '/xx/ssr',
  '/fr/edge/a/b',
  '/edge1/x?y=1',
  '/fr/a/any',
  '/de/p/by-page-moved',
  '/m/rewrite',
  '/m/static',
  '/m/german',
  '/m/redirect',
  '/m/french',
  '/m/none',
].map((path) => `${BASE}${path}`);
/** On a host with a language, `next start` rewrites the addresses of the proxy's responses and of App Router pages. */
const WITHOUT_DOMAIN = [BASE, `${BASE}/m/json`];

const REWRITTEN = { 'x-middleware-rewrite': 'where a rewrite leads is not told to the outside' };
const NO_DATA = 'a path outside of the basePath is no address of data';
const DIFFERS: Readonly<Record<string, Record<string, string>>> = {
  [`${BASE}/ss%72`]: { 'cache-control': 'a page that is missing now may be there tomorrow' },
  [`${BASE}/m/rewrite`]: REWRITTEN,
  [`${BASE}/m/static`]: REWRITTEN,
  [`${BASE}/m/german`]: REWRITTEN,
  [UNKNOWN]: { 'x-nextjs-matched-path': 'there is no such page, in no language' },
  [OUTSIDE]: { 'content-type': NO_DATA, body: NO_DATA, 'x-nextjs-matched-path': NO_DATA },
};

test('pages and data below the basePath are in the language of their path, by the rules of the proxy', async () => {
  const { ours, theirs } = sides();
  const paths = [
    ...PAGES,
    ...DATA,
    ...WITHOUT_DOMAIN,
    MADE,
    UNKNOWN,
    OUTSIDE,
    '/ssr',
    '/fr/ssr',
    '/fr/base/ssr',
    '/basefr/ssr',
  ];
  const requests = paths.flatMap((path): ComparedRequest[] => {
    const request: ComparedRequest = {
      path,
      ...(path in DIFFERS ? { differs: DIFFERS[path] ?? {} } : {}),
      ...(path === MADE ? { anyBody: true } : {}),
    };
    const hosts: Record<string, string>[] = WITHOUT_DOMAIN.includes(path) ? [{}] : [{}, { host: ours.domain }];
    return hosts.flatMap((headers) => [
      { ...request, headers },
      ...(path.includes('/_next/data/') ? [{ ...request, headers: { ...headers, 'x-nextjs-data': '1' } }] : []),
    ]);
  });
  assert.deepEqual(await compareAll(ours, theirs, requests), []);
});

// `next start` passes the proxy an address with the language twice where the path names one; by its documentation it is
// taken off.
test('the proxy sees paths without basePath and language, also those of data', async () => {
  const { request, buildId } = sides().ours;
  const { pathname, locale, defaultLocale, basePath } = JSON.parse(
    (await request(`${BASE}/fr/m/json?x=1`)).body,
  ) as Record<string, string>;
  assert.deepEqual([pathname, locale, defaultLocale, basePath], ['/m/json', 'fr', 'en', BASE]);
  assert.equal((await request(`${BASE}/fr/m/redirect?x=1`)).headers.location, `${BASE}/fr/ssr?by=redirect`);
  assert.match((await request(`${BASE}/fr/m/rewrite?x=1`)).body, /"locale":"fr"/);
  assert.match((await request(`${BASE}/fr/m/german?x=1`)).body, /"locale":"de"/);
  const data = async (path: string) =>
    (await request(`${BASE}/_next/data/${buildId}/${path}`, { headers: { 'x-nextjs-data': '1' } })).headers;
  assert.equal((await data('en/m/redirect.json'))['x-nextjs-redirect'], `${BASE}/ssr?by=redirect`);
  assert.equal((await data('en/m/french.json'))['x-nextjs-redirect'], `${BASE}/fr/ssr`);
  assert.equal((await data('fr/m/static.json'))['x-nextjs-rewrite'], `${BASE}/fr/plain`);
});
