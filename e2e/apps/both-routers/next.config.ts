import type { NextConfig } from 'next';
import settings from './settings.json' with { type: 'json' };

const value = (text: string) => [{ key: 'x-case', value: text }];

const config: NextConfig = {
  typescript: { ignoreBuildErrors: true },
  skipTrailingSlashRedirect: settings.skipTrailingSlashRedirect,
  skipProxyUrlNormalize: settings.skipProxyUrlNormalize,
  async headers() {
    return [
      { source: '/pages-page', headers: [{ key: 'x-from-config', value: 'first' }] },
      { source: '/:path*', headers: [{ key: 'x-from-all', value: 'all' }] },
      { source: '/pages-page', headers: [{ key: 'x-from-config', value: 'last' }] },
      { source: '/r/named/:name', headers: [{ key: 'x-from-:name', value: 'named :name' }] },
      { source: '/file.txt', headers: [{ key: 'cache-control', value: 'public, max-age=77' }] },
      { source: '/if/header', has: [{ type: 'header', key: 'x-want', value: '(?<what>.+)' }], headers: value('header :what') },
      { source: '/if/cookie', has: [{ type: 'cookie', key: 'want', value: 'yes' }], headers: value('cookie') },
      { source: '/if/query', has: [{ type: 'query', key: 'want' }], headers: value('query :want') },
      { source: '/if/host', has: [{ type: 'host', value: '(?<sub>[^.]+)\\.localhost' }], headers: value('host :sub') },
      { source: '/if/missing', missing: [{ type: 'header', key: 'x-want' }, { type: 'cookie', key: 'want' }], headers: value('missing') },
      { source: '/if/both', has: [{ type: 'query', key: 'a' }], missing: [{ type: 'query', key: 'b' }], headers: value('both') },
    ];
  },
  async redirects() {
    return [
      { source: '/r/permanent', destination: '/app-page', permanent: true },
      { source: '/r/temporary', destination: '/app-page?by=redirect', permanent: false },
      { source: '/r/status', destination: '/app-page', statusCode: 301 },
      { source: '/r/found', destination: '/app-page', statusCode: 302 },
      { source: '/r/named/:name', destination: '/posts/:name?n=:name', permanent: false },
      { source: '/r/rest/:rest*', destination: '/base/:rest*', permanent: false },
      { source: '/r/pattern/:id(\\d{1,5})', destination: '/posts/:id', permanent: false },
      { source: '/r/outside/:rest*', destination: 'https://example.com/there/:rest*#part', permanent: false },
      { source: '/r/has', has: [{ type: 'query', key: 'go', value: '(?<where>.*)' }], destination: '/posts/:where', permanent: false },
      { source: '/r/header', has: [{ type: 'header', key: 'x-go', value: '(?<where>.+)' }], destination: '/posts/:where', permanent: false },
      { source: '/r/missing', missing: [{ type: 'cookie', key: 'stay' }], destination: '/app-page', permanent: false },
      { source: '/app-page/moved', destination: '/app-page', permanent: false },
    ];
  },
  async rewrites() {
    return {
      beforeFiles: [
        { source: '/b/page', destination: '/pages-ssr?by=before' },
        { source: '/file.txt', has: [{ type: 'query', key: 'instead' }], destination: '/free.txt' },
        { source: '/pages-static', has: [{ type: 'header', key: 'x-instead' }], destination: '/pages-ssr?instead=1' },
        { source: '/b/chain', destination: '/b/page?chained=1' },
      ],
      afterFiles: [
        { source: '/file.txt', destination: '/pages-ssr?never=1' },
        { source: '/a/page/:id', destination: '/pages-ssr?id=:id' },
        { source: '/a/app/:id', destination: '/app-page?id=:id' },
        { source: '/a/post/:slug', destination: '/posts/:slug' },
        { source: '/a/file', destination: '/file.txt' },
        { source: '/a/api/:path*', destination: '/api/hello?path=:path*' },
        { source: '/a/unused/:one/:two', destination: '/pages-ssr' },
        { source: '/a/cookie', has: [{ type: 'cookie', key: 'who', value: '(?<name>\\w+)' }], destination: '/pages-ssr?who=:name' },
        { source: '/posts/none', destination: '/pages-ssr?after=1' },
        ...(settings.external === '' ? [] : [{ source: '/external/:path*', destination: `${settings.external}/got/:path*?by=rewrite` }]),
      ],
      fallback: [
        { source: '/f/:path*', destination: '/pages-ssr?fallback=:path*' },
        { source: '/posts/:slug', destination: '/pages-ssr?unknown=:slug' },
      ],
    };
  },
};
export default config;
