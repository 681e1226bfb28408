import type { ComparedRequest } from '../compare.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain' };
const data = { 'x-nextjs-data': '1' };
const bot = { 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' };

const EDGE_PAGE = {
  body: 'the edge responds to what no site can, with its own page',
  'cache-control': 'the same, never kept',
};
/** The client reads it only where there is middleware. */
const MATCHED = { 'x-nextjs-matched-path': 'without middleware nothing reads it; next start sets it here and there' };
const NO_DATA = {
  body: 'the data of the 404 page is not what was requested: the client reloads the page either way',
};

/** Requests to a deployed site and to `next start` alike. */
export const requests: readonly ComparedRequest[] = [
  // pages that are files, static and dynamic ones, and their other methods
  ...[
    '/',
    '/?q=1',
    '/index',
    '/client?q=1',
    '/ssg',
    '/ssg?q=1',
    '/ssg/',
    '/ssg/?a=b',
    '//ssg',
    '/SSG',
    '/ssr',
    '/ssr?a=1&a=2&b=%20x',
    '/ssr?go=/ssg',
    '/ssr?go=/ssg&permanent=1',
    '/ssr?see=https://example.com/x',
    '/ssr?missing=1',
    '/ssr?throw=1',
    '/ssr?status=418',
    '/ssr?end=1',
    '/ssr?cached=1',
    '/initial?x=1',
    '/docs',
    '/docs/a/b%20c?q=1',
    '/docs/',
    '/docs/%C3%A4',
    '/docs/a%2Fb',
  ].map((path) => ({ path })),
  { path: '/ssr', headers: { cookie: 'name=me', 'x-asked': 'yes' } },
  { path: '/ssr', method: 'POST', body: 'a=1', headers: form },
  { path: '/ssr', method: 'HEAD' },
  { path: '/ssr', method: 'DELETE' },
  { path: '/ssg', method: 'POST', body: 'x' },
  { path: '/ssg', method: 'HEAD' },
  { path: '/ssg', method: 'OPTIONS' },
  { path: '/', method: 'POST', body: 'x' },
  { path: '/', method: 'PUT', body: 'x' },
  { path: '/docs/%', differs: { ...EDGE_PAGE, 'content-type': 'text for clients that do not accept HTML' } },
  // files
  { path: '/file.txt' },
  { path: '/file.txt/' },
  { path: '/pic.png', anyBody: true },
  {
    path: '/file.txt',
    method: 'POST',
    body: 'x',
    differs: {
      body: 'a word instead of the error page',
      'cache-control': 'nothing to keep',
      'content-type': 'no page',
    },
  },
  { path: '/_next/static/none.js', differs: EDGE_PAGE },
  { path: '/_next/none' },
  // paths of dynamic routes, made at build time or on request
  ...[
    '/posts/first',
    '/posts/zweite%20Stra%C3%9Fe',
    '/posts/none',
    '/written/first',
    '/written/none',
    '/posts/[slug]',
    '/isr/built',
    '/isr/compared',
    '/isr/missing',
    '/isr/missing',
    '/isr/moved',
    '/isr/moved',
    '/isr/broken',
    '/isr/compared?x=1',
    '/lazy/built',
    '/lazy/compared',
    '/lazy/missing-compared',
    '/preview',
  ].map((path) => ({ path })),
  { path: '/lazy/compared-by-a-bot', headers: bot },
  {
    path: '/posts/%5Bslug%5D',
    differs: { status: 'next start takes the pattern for a page of its own and fails', body: 'the same' },
  },
  // what is missing
  ...['/none', '/none/deep', '/404', '/500', '/_error', '/_app', '/_document', '/api', '/api/none'].map((path) => ({
    path,
  })),
  { path: '/none', method: 'POST', body: 'x' },
  { path: '/none', headers: { 'sec-fetch-dest': 'image' } },
  // data
  ...[
    '/ssg.json',
    '/preview.json',
    '/isr/fresh.json?slug=fresh',
    '/isr/missing.json?slug=missing',
    '/isr/moved.json?slug=moved',
    '/lazy/by-data.json?slug=by-data',
    '/lazy/missing-data.json',
    '/docs/a/b.json?path=a&path=b',
    '/docs.json',
    '/ssg.json/',
  ].map((path) => ({ path: `/_next/data/<build>${path}` })),
  {
    path: '/_next/data/<build>/404.json',
    differs: { 'cache-control': 'the edge has it from the build, and browsers revalidate' },
  },
  { path: '/_next/data/<build>/posts/zweite%20Stra%C3%9Fe.json?slug=zweite%20Stra%C3%9Fe', differs: MATCHED },
  { path: '/_next/data/<build>/posts/none.json?slug=none', differs: { ...MATCHED, ...NO_DATA } },
  ...['/ssr.json?a=1', '/ssr.json?go=/ssg', '/ssr.json?missing=1'].map((path) => ({
    path: `/_next/data/<build>${path}`,
    headers: data,
    differs: MATCHED,
  })),
  { path: '/_next/data/<build>/ssr.json?throw=1', headers: data },
  ...[
    '<build>/index.json',
    '<build>/initial.json',
    '<build>/none.json',
    '<build>/client.json',
    '<build>/ssg',
    'other-build/ssg.json',
    'other-build/ssr.json',
  ].map((path) => ({ path: `/_next/data/${path}`, differs: NO_DATA })),
  // API routes
  ...[
    '/api/hello?a=1',
    '/api/hello/',
    '/api/items/7?q=1',
    '/api/items/a%20b',
    '/api/files/a/b/c',
    '/api/big',
    '/api/stream',
    '/api/redirect',
    '/api/redirect?permanent=1',
    '/api/cookies',
    '/api/throw',
    '/api/throw?status=418',
    '/api/edge',
    '/api/preview',
    '/api/preview?end=1',
    '/api/draft',
    '/api/draft?end=1',
  ].map((path) => ({ path, headers: { cookie: 'k=v' } })),
  ...['DELETE', 'PUT', 'HEAD'].map((method) => ({ path: '/api/hello', method })),
  { path: '/api/echo', method: 'POST', body: '{"a":[1,2]}', headers: json },
  { path: '/api/echo', method: 'POST', body: '', headers: json },
  { path: '/api/echo', method: 'POST', body: '{bad', headers: json },
  { path: '/api/echo', method: 'POST', body: 'a=1&b=2', headers: form },
  { path: '/api/echo', method: 'POST', body: 'text', headers: text },
  { path: '/api/echo', method: 'POST', body: 'x'.repeat(1_100_000), headers: text },
  { path: '/api/limited', method: 'POST', body: 'x'.repeat(3_000_000), headers: text },
  { path: '/api/raw', method: 'POST', body: 'x'.repeat(8_000_000) },
  { path: '/api/edge?q=1', method: 'POST', body: 'hey' },
  ...['/on-demand', '/none', '/isr/never-compared&generated=1', '/ssr'].map((path) => ({
    path: `/api/revalidate?path=${path}`,
  })),
];
