import type { NextConfig } from 'next';

const config: NextConfig = {
  typescript: { ignoreBuildErrors: true },
  async rewrites() {
    return [{ source: '/written/:slug', destination: '/posts/:slug' }];
  },
};
export default config;
