export default function Page({ slug, stamp }: { slug: string; stamp: string }) {
  return <h1>slug={slug} stamp={stamp}</h1>;
}
export const getStaticPaths = () => ({ paths: [{ params: { slug: 'built' } }], fallback: 'blocking' });
export function getStaticProps({ params: { slug } }: { params: { slug: string } }) {
  if (slug === 'missing') return { notFound: true, revalidate: 1 };
  if (slug === 'moved') return { redirect: { destination: '/isr/built', permanent: false }, revalidate: 1 };
  if (slug === 'broken') throw new Error('getStaticProps fails on purpose');
  return { props: { slug, stamp: Math.random().toString(36).slice(2) }, revalidate: slug.startsWith('timed') ? 1 : 600 };
}
