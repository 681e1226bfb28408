import type { GetStaticPropsContext } from 'next';

export default function NotFoundPage({ locale }: { locale: string }) {
  return <h1>nothing here, locale={locale}</h1>;
}
export const getStaticProps = ({ locale }: GetStaticPropsContext) => ({ props: { locale } });
