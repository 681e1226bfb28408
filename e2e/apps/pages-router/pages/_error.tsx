import type { NextPageContext } from 'next';

export default function ErrorPage({ statusCode }: { statusCode: number }) {
  return <h1>Own error page: {statusCode}</h1>;
}
ErrorPage.getInitialProps = ({ res, err }: NextPageContext) => ({ statusCode: res?.statusCode ?? err?.statusCode ?? 404 });
