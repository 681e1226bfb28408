import type { GetServerSidePropsContext } from 'next';

export default function Page(props: Record<string, string>) {
  return <h1>dynamic page of pages/ {JSON.stringify(props)}</h1>;
}
export const getServerSideProps = ({ query, req }: GetServerSidePropsContext) => ({
  props: { query: JSON.stringify(query), url: req.url ?? '', added: String(req.headers['x-added'] ?? 'none'), removed: String(req.headers['x-remove-me'] ?? 'none') },
});
