import type { NextConfig } from 'next';

const config: NextConfig = {
  experimental: { authInterrupts: true, serverActions: { bodySizeLimit: '8mb' } },
};
export default config;
