import type { GetServerSidePropsContext } from 'next';

export default function Page(props: Record<string, string>) {
  return <h1>dynamic {JSON.stringify(props)}</h1>;
}
export function getServerSideProps({ locale, defaultLocale, query, resolvedUrl }: GetServerSidePropsContext) {
  if (query.go !== undefined) return { redirect: { destination: '/ssg', permanent: false } };
  if (query.missing !== undefined) return { notFound: true as const };
  return { props: { locale, defaultLocale, query: JSON.stringify(query), resolvedUrl } };
}
