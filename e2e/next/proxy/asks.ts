import type { Ask } from '../compare.ts';

const data = { 'x-nextjs-data': '1' };
const prefetch = { ...data, 'x-middleware-prefetch': '1', purpose: 'prefetch' };
const text = { 'content-type': 'text/plain' };

const HIDDEN = { 'x-middleware-rewrite': 'where a rewrite leads is not told to the outside' };
const DECODED = { body: 'what a rewrite puts into the query is decoded, as on Vercel' };
const CONFIGURED = { 'x-from-all': 'headers of the configuration are set on what another origin answers too, as on Vercel' };
const NO_DATA = { body: 'the client loads the page itself either way: no page is rendered for nobody', 'content-type': 'the same', 'x-nextjs-matched-path': 'the same' };

const plain = (paths: readonly string[]): Ask[] => paths.map((path) => ({ path }));
const rsc = (paths: readonly string[]): Ask[] => paths.map((path) => ({ path: `${path}?_rsc`, headers: { rsc: '1' }, anyBody: true }));

/** What is asked of the app with both routers and of `next start` of it. */
export const asks: readonly Ask[] = [
  ...plain(['/', '/app-page', '/app-page?x=1', '/static-page', '/nowhere', '/pages-page', '/pages-static', '/pages-ssr?a=1', '/posts/first', '/posts/none', '/posts/first/', '/file.txt', '/free.txt', '/_error', '/_not-found', '/pages-page/', '/app-page/?x=1']),
  // the proxy
  ...plain(['/mw/redirect', '/mw/permanent', '/mw/outside', '/mw/answer', '/mw/empty', '/mw/stream', '/mw/throw', '/mw/location', '/mw/other', '/mw/redirect/', '/mw']),
  ...['/mw/rewrite-pages', '/mw/rewrite-pages?x=1', '/mw/rewrite-app', '/mw/to-app', '/mw/rewrite-static', '/mw/rewrite-post', '/mw/rewrite-file', '/mw/rewrite-none', '/mw/rewrite-config', '/mw/rewrite-status'].map((path) => ({ path, differs: HIDDEN })),
  { path: '/mw/answer', method: 'HEAD' }, { path: '/mw/body', method: 'POST', body: 'x'.repeat(200_000), headers: text }, { path: '/api/echo', method: 'POST', body: 'x'.repeat(200_000), headers: text }, { path: '/api/echo' },
  { path: '/api/hello', method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } }, { path: '/api/hello?x=1', headers: { 'x-remove-me': '1' } },
  { path: '/pages-ssr', headers: { 'x-remove-me': '1' } }, { path: '/app-page', headers: { 'x-remove-me': '1', cookie: 'by-proxy=old' } }, { path: '/app-page', headers: { cookie: 'other=1' } },
  { path: '/app-page', headers: { 'x-middleware-subrequest': 'proxy:proxy:proxy:proxy:proxy' } },
  ...plain(['/m/has', '/m/missing', '/m/query', '/m/query?in=1', '/m/one/7', '/m/two/x', '/m/three/7', '/m/optional', '/m/optional/a', '/m/optional/a/b', '/m/ONE/7', '/M/one/7']),
  { path: '/m/has', headers: { 'x-in': 'yes' } }, { path: '/m/has', headers: { 'x-in': 'no' } }, { path: '/m/missing', headers: { cookie: 'out=1' } },
  // redirects of the configuration
  ...plain(['/r/permanent', '/r/permanent?x=1', '/r/temporary', '/r/temporary?by=me&x=1', '/r/status', '/r/found', '/r/named/who', '/r/named/a%20b', '/r/named/%C3%A4', '/r/rest/a/b', '/r/rest', '/r/pattern/123', '/r/pattern/1234567', '/r/outside/a/b?x=1', '/r/has?go=there', '/r/has', '/r/has?go=', '/r/missing', '/app-page/moved', '/R/permanent', '/r/permanent/', '/r/header']),
  { path: '/r/header', headers: { 'x-go': 'place' } }, { path: '/r/missing', headers: { cookie: 'stay=1' } }, { path: '/r/permanent', method: 'POST', body: 'x' },
  // rewrites of the configuration
  ...plain(['/b/page', '/b/page?x=1', '/b/page?by=me', '/file.txt?instead=1', '/b/chain', '/a/page/7', '/a/page/7?id=8', '/a/app/7', '/a/post/first', '/a/post/none', '/a/file', '/a/api/x/y', '/a/unused/1/2', '/a/cookie', '/posts/unknown', '/posts/none?x=1']),
  { path: '/a/page/a%20b', differs: DECODED }, { path: '/a/page/a%2Fb', differs: DECODED },
  { path: '/f/a/b', differs: { body: 'a parameter that the destination has no place for comes as one text, as on Vercel' } },
  { path: '/f', differs: { body: 'next start puts the name of the empty parameter there' } },
  { path: '/pages-static', headers: { 'x-instead': '1' }, differs: { body: 'the name of a header comes with its dash' } },
  { path: '/a/cookie', headers: { cookie: 'who=me' } }, { path: '/a/cookie', headers: { cookie: 'who=!' } },
  { path: '/b/page', method: 'POST', body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, { path: '/a/post/first', method: 'POST', body: 'x' },
  // headers of the configuration
  ...plain(['/if/header', '/if/query?want=it', '/if/query', '/if/missing', '/if/both?a=1', '/if/both?a=1&b=2', '/if/both']),
  { path: '/if/header', headers: { 'x-want': 'this' } }, { path: '/if/cookie', headers: { cookie: 'want=yes' } }, { path: '/if/cookie', headers: { cookie: 'want=no' } }, { path: '/if/missing', headers: { 'x-want': '1' } }, { path: '/if/missing', headers: { cookie: 'want=1' } },
  // data
  ...['pages-ssr.json?a=1', 'pages-static.json', 'posts/none.json?slug=none', 'mw/redirect.json', 'mw/outside.json', 'mw/answer.json', 'pages-page.json', 'app-page.json', 'b/page.json', 'a/page/7.json', 'a/post/first.json', 'r/permanent.json', 'posts/other.json'].map((path) => ({ path: `/_next/data/<build>/${path}`, headers: data })),
  ...['mw/rewrite-pages.json', 'mw/rewrite-static.json', 'mw/rewrite-post.json', 'mw/to-app.json'].map((path) => ({ path: `/_next/data/<build>/${path}`, headers: data, differs: HIDDEN })),
  ...['<build>/nowhere.json', 'other/pages-ssr.json'].map((path) => ({ path: `/_next/data/${path}`, headers: data, differs: NO_DATA })),
  { path: '/_next/data/<build>/f/a.json', headers: data, differs: { body: 'a parameter that the destination has no place for comes as one text, as on Vercel' } },
  { path: '/_next/data/<build>/pages-ssr.json?a=1', headers: prefetch }, { path: '/_next/data/<build>/pages-static.json', headers: prefetch }, { path: '/_next/data/<build>/mw/rewrite-pages.json', headers: prefetch, differs: HIDDEN },
  // what the client of the App Router asks
  ...rsc(['/static-page', '/app-page', '/pages-page', '/pages-ssr', '/pages-static', '/posts/first', '/a/app/7', '/nowhere']),
  { path: '/r/permanent?_rsc', headers: { rsc: '1' }, differs: { location: 'next start writes the parameter with a "="' } },
  { path: '/mw/to-app?_rsc', headers: { rsc: '1' }, anyBody: true, differs: HIDDEN },
  { path: '/mw/redirect?_rsc', headers: { rsc: '1' } },
  // other origins
  ...plain(['/external/a/b', '/external/a%20b?x=1&y=2', '/external', '/external/status?code=418']).map((ask) => ({ ...ask, differs: CONFIGURED })),
  { path: '/external/post', method: 'POST', body: 'sent along', headers: text, differs: CONFIGURED }, { path: '/mw/external', differs: HIDDEN },
];
