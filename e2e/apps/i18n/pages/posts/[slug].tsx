import type { GetStaticPropsContext } from 'next';

export default function Post({ slug, locale }: { slug: string; locale: string }) {
  return <h1>post {slug} locale={locale}</h1>;
}
export const getStaticPaths = () => ({ paths: [{ params: { slug: 'first' }, locale: 'en' }, { params: { slug: 'erster' }, locale: 'de' }], fallback: false });
export const getStaticProps = ({ params, locale }: GetStaticPropsContext) => ({ props: { slug: params?.slug ?? '', locale } });
