import type { GetStaticPropsContext } from 'next';
import { useRouter } from 'next/router';

export default function Lazy({ slug, locale }: { slug: string; locale: string }) {
  if (useRouter().isFallback) return <h1>The fallback</h1>;
  return <h1>lazy {slug} locale={locale}</h1>;
}
export const getStaticPaths = () => ({ paths: [], fallback: true });
export const getStaticProps = ({ params, locale }: GetStaticPropsContext) => ({ props: { slug: params?.slug ?? '', locale }, revalidate: 600 });
