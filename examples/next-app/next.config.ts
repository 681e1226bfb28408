import type { NextConfig } from 'next';

// Nothing here is about the platform: it needs no settings in the application.
const config: NextConfig = { poweredByHeader: false };

export default config;
