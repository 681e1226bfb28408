import { unstable_cache } from 'next/cache';
import { built } from '../../../variant.json';
import { outcomeOf, stamp } from '../../../source.js';

export const dynamic = 'force-static';
export const generateStaticParams = () => built.handler.map((slug) => ({ slug }));

export async function GET(_, { params }) {
  const { slug } = await params;
  await unstable_cache(async () => 1, [slug], { tags: [`tag-${slug}`] })();
  const outcome = await outcomeOf(`h-${slug}`);
  if (outcome === 'gone') return new Response('gone', { status: 404 });
  return new Response(`handler ${slug} ${stamp()}`);
}
