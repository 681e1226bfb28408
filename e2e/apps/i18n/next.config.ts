import type { NextConfig } from 'next';

const config: NextConfig = {
  typescript: { ignoreBuildErrors: true },
  basePath: '/base',
  assetPrefix: '/cdn',
  trailingSlash: true,
  i18n: {
    locales: ['en', 'de', 'fr', 'nl-NL'],
    defaultLocale: 'en',
    domains: [{ domain: 'i18n-git-main.localhost', defaultLocale: 'de', http: true }, { domain: 'example.nl', defaultLocale: 'nl-NL', locales: ['fr'], http: true }],
  },
  async redirects() {
    return [
      { source: '/old', destination: '/ssg', permanent: true },
      { source: '/de/alt', destination: '/de/ssg', permanent: false, locale: false },
      { source: '/outside', destination: '/base/ssg/', permanent: false, basePath: false, locale: false },
    ];
  },
  async rewrites() {
    return [
      { source: '/written/:slug', destination: '/posts/:slug' },
      { source: '/de/geschrieben', destination: '/de/ssg', locale: false },
      { source: '/:nextInternalLocale(en|de|fr)/any', destination: '/:nextInternalLocale/ssr', locale: false },
    ];
  },
  async headers() {
    return [
      { source: '/ssg', headers: [{ key: 'x-from-config', value: 'ssg' }] },
      { source: '/de/:path*', locale: false, headers: [{ key: 'x-from-locale', value: 'de' }] },
      { source: '/everywhere', basePath: false, locale: false, headers: [{ key: 'x-from-outside', value: 'yes' }] },
    ];
  },
};
export default config;
