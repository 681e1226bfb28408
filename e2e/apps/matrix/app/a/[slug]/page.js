import { unstable_cache } from 'next/cache';
import { notFound, redirect } from 'next/navigation';
import { built } from '../../../variant.json';
import { outcomeOf, stamp } from '../../../source.js';

export const generateStaticParams = () => built.app.map((slug) => ({ slug }));

export default async function Page({ params }) {
  const { slug } = await params;
  await unstable_cache(async () => 1, [slug], { tags: [`tag-${slug}`] })();
  const outcome = await outcomeOf(`a-${slug}`);
  if (outcome === 'gone') notFound();
  if (outcome === 'moved') redirect('/a/target');
  return <p>app {slug} {stamp()}</p>;
}
