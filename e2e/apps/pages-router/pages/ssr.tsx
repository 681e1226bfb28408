import type { GetServerSidePropsContext } from 'next';

type Props = { query: string; cookie: string; header: string; method: string; url: string; preview: boolean };

export default function Page({ query, cookie, header, method, url, preview }: Props) {
  return <><h1>query={query} cookie={cookie} header={header} method={method} preview={String(preview)}</h1><p id="url">url={url}</p></>;
}

export async function getServerSideProps({ query, req, res, resolvedUrl, preview = false }: GetServerSidePropsContext) {
  res.setHeader('x-from-props', 'yes');
  res.setHeader('set-cookie', ['seen=1; Path=/', 'twice=2; Path=/; HttpOnly']);
  if (query.cached !== undefined) res.setHeader('cache-control', 'public, s-maxage=10, stale-while-revalidate=59');
  if (query.status !== undefined) res.statusCode = Number(query.status);
  if (query.missing !== undefined) return { notFound: true as const };
  if (query.throw !== undefined) throw new Error('getServerSideProps fails on purpose');
  if (query.end !== undefined) {
    res.end('ended by getServerSideProps');
    return { props: {} };
  }
  if (query.go !== undefined) return { redirect: { destination: String(query.go), permanent: query.permanent !== undefined } };
  if (query.see !== undefined) return { redirect: { destination: String(query.see), statusCode: 303 as const } };
  return { props: { query: JSON.stringify(query), cookie: req.cookies.name ?? 'none', header: String(req.headers['x-asked'] ?? 'none'), method: req.method ?? '', url: resolvedUrl, preview } };
}
