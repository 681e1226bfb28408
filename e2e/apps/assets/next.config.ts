import type { NextConfig } from 'next';

const config: NextConfig = {
  productionBrowserSourceMaps: true,
  experimental: { serverSourceMaps: true },
  images: {
    formats: ['image/avif', 'image/webp'],
    deviceSizes: [320, 640],
    imageSizes: [64],
    qualities: [40, 75],
    localPatterns: [{ pathname: '/pictures/**' }, { pathname: '/_next/static/**' }, { pathname: '/api/picture', search: '' }],
    // Anything may be named: what is private is refused all the same.
    remotePatterns: [{ protocol: 'http', hostname: '**' }],
  },
};
export default config;
