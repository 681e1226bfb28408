import type { GetStaticPropsContext } from 'next';

export default function Page({ locale, stamp }: { locale: string; stamp: string }) {
  return <h1>static locale={locale} stamp={stamp}</h1>;
}
export const getStaticProps = ({ locale }: GetStaticPropsContext) => ({ props: { locale, stamp: Math.random().toString(36).slice(2) } });
