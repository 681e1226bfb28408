import type { ComparedRequest } from '../compare.ts';

const de = { 'accept-language': 'de-DE,de;q=0.9,en;q=0.5' };
const data = { 'x-nextjs-data': '1' };
const german = { host: 'i18n-git-main.localhost' };

const SEEN = {
  'x-edge-seen': 'next start gives the proxy an address with the locale twice; it is documented to be taken off',
};
const NOT_FOUND = { body: 'next start forgets the locale of a path that a route without fallback does not have' };

const plain = (paths: readonly string[], headers?: Record<string, string>): ComparedRequest[] =>
  paths.map((path) => (headers === undefined ? { path } : { path, headers }));

/** Requests to the app with locales and to `next start` of it. */
export const requests: readonly ComparedRequest[] = [
  ...plain([
    '/base/',
    '/base',
    '/',
    '/base/en/',
    '/base/de/',
    '/base/de',
    '/base/fr/',
    '/base/ssg/',
    '/base/ssg',
    '/base/de/ssg',
    '/base/en/ssg/',
    '/base/xx/ssg/',
    '/ssg/',
    '/de/ssg/',
    '/base/ssr/',
    '/base/ssr?x=1',
    '/base/ssr/?x=1',
    '/base/ssr/?go=1',
    '/base/posts/first/',
    '/base/de/posts/erster/',
    '/base/posts/erster/',
    '/base/lazy/a/',
    '/base/de/lazy/a/',
    '/base/none/',
    '/base/de/none/',
    '/base/none',
    '/base/fr/boom/',
    '/base/picture/',
    '/base/de/picture/',
    '/base/404/',
    '/base/de/404/',
  ]),
  ...plain([
    '/base/de/ssg/',
    '/base/DE/ssg/',
    '/base/fr/ssr/?x=1',
    '/base/nl-NL/ssr/',
    '/base/nl-nl/ssr/',
    '/base/fr/ssr/?go=1',
    '/base/fr/ssr/?missing=1',
    '/base/de/nur-deutsch/',
  ]).map((request) => ({ ...request, differs: SEEN })),
  { path: '/base/de/posts/first/', differs: NOT_FOUND },
  { path: '/base/de/written/first/', differs: NOT_FOUND },
  // which language
  ...plain(['/base/', '/base/de/', '/base/ssg/', '/base/en/', '/base/?x=1'], de),
  ...[
    'fr-CH, fr;q=0.9',
    'nl',
    'nl-NL',
    'xx',
    'en-US,en;q=0.9,de;q=0.8',
    'de;q=0.1,fr;q=0.9',
    '*',
    'de;q=0, fr',
    'de;;q=1',
    '',
  ].map((language) => ({ path: '/base/', headers: { 'accept-language': language } })),
  ...['fr', 'en', 'xx', 'DE'].flatMap((locale) => [
    { path: '/base/', headers: { ...de, cookie: `NEXT_LOCALE=${locale}` } },
    { path: '/base/', headers: { cookie: `NEXT_LOCALE=${locale}` } },
  ]),
  { path: '/base/de/', headers: { cookie: 'NEXT_LOCALE=fr' } },
  { path: '/base/ssg/', headers: { cookie: 'NEXT_LOCALE=fr' } },
  // redirects, rewrites and headers, with and without locale and basePath
  ...plain([
    '/base/old/',
    '/base/old',
    '/base/de/old/',
    '/base/de/alt/',
    '/base/alt/',
    '/outside',
    '/base/outside/',
    '/base/written/first/',
    '/base/de/written/erster/',
    '/base/de/geschrieben/',
    '/base/geschrieben/',
    '/base/fr/any/',
    '/base/any/',
    '/everywhere',
  ]),
  {
    path: '/everywhere/',
    differs: {
      'x-from-outside': 'next start does not know its own rule under the address that it sent the visitor to',
    },
  },
  {
    path: '/outside/',
    differs: {
      status: 'next start does not know its own redirect under the address that it sent the visitor to',
      location: 'the same',
      body: 'the same',
      'content-type': 'the same',
      'cache-control': 'the same',
    },
  },
  ...plain(['/base/mw/answer/', '/base/mw/answer', '/base/mw/redirect/', '/base/nur-deutsch/', '/mw/answer/']),
  {
    path: '/base/mw/rewrite/',
    differs: { 'x-middleware-rewrite': 'where a rewrite leads is not told to the outside' },
  },
  // API routes, files, images
  ...plain([
    '/base/api/hello',
    '/base/api/hello/',
    '/base/api/hello/?x=1',
    '/base/de/api/hello/',
    '/api/hello/',
    '/base/file.txt',
    '/base/file.txt/',
    '/base/de/file.txt',
    '/file.txt',
    '/base/.well-known/known.txt',
    '/cdn/file.txt',
    '/base/_next/none',
  ]),
  ...plain([
    '/base/pic.png',
    '/base/_next/image/?url=%2Fbase%2Fpic.png&w=64&q=75',
    '/base/_next/image?url=%2Fbase%2Fpic.png&w=64&q=75',
    '/_next/image/?url=%2Fbase%2Fpic.png&w=64&q=75',
  ]).map((request) => ({ ...request, anyBody: true })),
  { path: '/base/api/revalidate/?path=/base/ssg/' },
  { path: '/base/ssg/', method: 'POST', body: 'x' },
  // data
  ...['en/ssg.json', 'ssg.json', 'de/lazy/b.json?slug=b'].map((path) => ({
    path: `/base/_next/data/<build>/${path}`,
    headers: data,
  })),
  ...['de/ssg.json', 'fr/ssr.json?x=1', 'fr/ssr.json?go=1'].map((path) => ({
    path: `/base/_next/data/<build>/${path}`,
    headers: data,
    differs: SEEN,
  })),
  // a domain with a language of its own
  ...plain(['/base/', '/base/ssg/', '/base/ssr/', '/base/none/'], german),
  ...['fr', 'nl-NL', 'de', 'en'].map((language) => ({
    path: '/base/',
    headers: { ...german, 'accept-language': language },
  })),
  { path: '/base/', headers: { ...german, cookie: 'NEXT_LOCALE=fr' } },
  ...plain(['/base/en/ssg/', '/base/fr/ssr/'], german).map((request) => ({ ...request, differs: SEEN })),
];
