import type { GetStaticPaths, GetStaticProps } from 'next';
import { renderId } from '../../lib';

export const getStaticPaths: GetStaticPaths = () => ({ paths: [{ params: { slug: 'built' } }], fallback: 'blocking' });
export const getStaticProps: GetStaticProps<{ id: string; slug: string }> = async ({ params }) => {
  const slug = String(params?.['slug']);
  if (slug.startsWith('missing')) return { notFound: true, revalidate: 3600 };
  if (slug.startsWith('moved')) return { redirect: { destination: '/classic', permanent: false }, revalidate: 3600 };
  return { props: { id: renderId(), slug }, revalidate: 3600 };
};
export default function Fallback({ id, slug }: { id: string; slug: string }) {
  return <main><p>{`slug=${slug}`}</p><p>{`render=${id}`}</p></main>;
}
