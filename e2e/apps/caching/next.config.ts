import type { NextConfig } from 'next';

const config: NextConfig = {
  cacheComponents: true,
  partialPrefetching: true,
  cacheLife: { brief: { stale: 60, revalidate: 2, expire: 600 } },
};
export default config;
