import type { Metadata } from 'next';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import { ports } from '@/lib/ports';

type Props = { params: Promise<{ slug: string }> };

export const dynamicParams = false;
export const generateStaticParams = () => ports.map(({ slug }) => ({ slug }));

const find = async ({ params }: Props) => {
  const { slug } = await params;
  return ports.find((port) => port.slug === slug);
};

export async function generateMetadata(props: Props): Promise<Metadata> {
  const port = await find(props);
  return port === undefined ? {} : { title: port.name, description: port.note };
}

export default async function PortPage(props: Props) {
  const port = await find(props);
  if (port === undefined) notFound();
  return (
    <>
      <h1>{port.name}</h1>
      <p className="lead">{port.note}</p>
      <dl className="facts"><dt>Country</dt><dd>{port.country}</dd></dl>
      <p>Other ports: {ports.filter((other) => other !== port).map((other) => <span key={other.slug}><Link href={`/ports/${other.slug}`}>{other.name}</Link> </span>)}</p>
      <p className="soft"><Link href="/ports/atlantis" prefetch={false}>Atlantis</Link> was never found.</p>
    </>
  );
}
