export const getServerSideProps = ({ query, locale = 'none', defaultLocale = 'none' }) => ({ props: { query: JSON.stringify(query), locale, defaultLocale } });

export default function Page(props) {
  return <p>ssr {JSON.stringify(props)}</p>;
}
