import { useRouter } from 'next/router';

/** Nothing but a file: what the address asks is known in the browser only. */
export default function Client() {
  const { query, isReady } = useRouter();
  return <h1>ready={String(isReady)} q={String(query.q ?? 'none')}</h1>;
}
