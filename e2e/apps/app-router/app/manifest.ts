import type { MetadataRoute } from 'next';

export default function manifest(): MetadataRoute.Manifest {
  return { name: 'App Router', short_name: 'App', start_url: '/', display: 'standalone' };
}
