import type { NextPageContext } from 'next';

export default function Page({ where, query }: { where: string; query: string }) {
  return <h1>where={where} query={query}</h1>;
}
Page.getInitialProps = async ({ req, query }: NextPageContext) => ({ where: req === undefined ? 'browser' : 'server', query: JSON.stringify(query) });
