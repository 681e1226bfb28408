import type { NextConfig } from 'next';

const config: NextConfig = {
  expireTime: 3600,
  async headers() {
    return [
      { source: '/timed', headers: [{ key: 'x-from-config', value: 'yes' }] },
      { source: '/timed', has: [{ type: 'header', key: 'x-ask' }], headers: [{ key: 'x-answered', value: 'asked' }] },
    ];
  },
};
export default config;
