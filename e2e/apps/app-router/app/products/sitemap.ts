import type { MetadataRoute } from 'next';

export const generateSitemaps = async () => [{ id: 0 }, { id: 1 }];

export default async function sitemap({ id }: { id: Promise<string> }): Promise<MetadataRoute.Sitemap> {
  return [{ url: `http://site.example/products/${await id}` }];
}
