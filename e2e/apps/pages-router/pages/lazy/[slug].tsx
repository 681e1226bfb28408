import { useRouter } from 'next/router';

export default function Page({ slug, stamp }: { slug?: string; stamp?: string }) {
  if (useRouter().isFallback) return <h1>The fallback</h1>;
  return <h1>slug={slug} stamp={stamp}</h1>;
}
export const getStaticPaths = () => ({ paths: [{ params: { slug: 'built' } }], fallback: true });
export async function getStaticProps({ params: { slug } }: { params: { slug: string } }) {
  if (slug.startsWith('missing')) return { notFound: true };
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { props: { slug, stamp: Math.random().toString(36).slice(2) } };
}
