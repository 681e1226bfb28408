import type { MetadataRoute } from 'next';

export default function sitemap(): MetadataRoute.Sitemap {
  return [{ url: 'http://site.example/', changeFrequency: 'yearly', priority: 1 }, { url: 'http://site.example/static' }];
}
