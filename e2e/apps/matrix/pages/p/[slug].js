import { built } from '../../variant.json';
import { outcomeOf, stamp } from '../../source.js';

export const getStaticPaths = ({ locales = [undefined] }) => ({
  paths: locales.flatMap((locale) => built.pages.map((slug) => ({ params: { slug }, ...(locale === undefined ? {} : { locale }) }))), fallback: 'blocking',
});

export async function getStaticProps({ params: { slug }, locale = 'none' }) {
  const outcome = await outcomeOf(`p-${locale}-${slug}`);
  if (outcome === 'gone') return { notFound: true };
  if (outcome === 'moved') return { redirect: { destination: '/p/target', permanent: false } };
  return { props: { slug, locale, made: stamp() } };
}

export default function Page({ slug, locale, made }) {
  return <p>pages {slug} {locale} {made}</p>;
}
