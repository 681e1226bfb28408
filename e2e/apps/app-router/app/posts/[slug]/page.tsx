import type { Metadata } from 'next';
import Link from 'next/link';
import { stamp } from '../../../lib/stamp';

type Props = { params: Promise<{ slug: string }> };

export const generateStaticParams = () => [{ slug: 'one' }, { slug: 'two' }];

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { slug } = await params;
  return { title: `Post ${slug}`, description: `About ${slug}`, openGraph: { title: `Open ${slug}` }, alternates: { canonical: `/posts/${slug}` } };
}

export default async function Page({ params }: Props) {
  const { slug } = await params;
  return (
    <main>
      <h1>Post {decodeURIComponent(slug)}</h1>
      <p data-testid="stamp">{stamp()}</p>
      <Link href="/posts/one">One</Link> <Link href="/posts/two">Two</Link> <Link href="/posts/made-later">Later</Link>
    </main>
  );
}
