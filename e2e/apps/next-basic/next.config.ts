import type { NextConfig } from 'next';

const config: NextConfig = {
  images: { localPatterns: [{ pathname: '/**' }], formats: ['image/webp'] },
  async headers() {
    return [{ source: '/dyn', headers: [{ key: 'x-from-config', value: 'yes' }] }];
  },
  async redirects() {
    return [{ source: '/old', destination: '/dyn', permanent: true }];
  },
  async rewrites() {
    return {
      beforeFiles: [{ source: '/before', destination: '/dyn?from=before' }],
      afterFiles: [
        { source: '/picture-of-it', destination: '/pic.png' },
        { source: '/articles/:slug', destination: '/blog/:slug' },
      ],
      fallback: process.env.EXTERNAL === undefined ? [] : [{ source: '/external/:path*', destination: `${process.env.EXTERNAL}/:path*` }],
    };
  },
};
export default config;
