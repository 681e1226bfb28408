import { notFound, redirect } from 'next/navigation';
import { renderId } from '../../../lib';

export const revalidate = 3600;
export const generateStaticParams = () => [{ slug: 'built' }];
export default async function Dynamic({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  if (slug.startsWith('missing')) notFound();
  if (slug.startsWith('moved')) redirect('/timed');
  return <main><p>slug={slug}</p><p>render={renderId()}</p></main>;
}
