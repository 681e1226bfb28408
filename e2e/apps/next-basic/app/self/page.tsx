import { headers } from 'next/headers';

export const dynamic = 'force-dynamic';

const ask = (origin: string, path = '/api/hello') => fetch(`${origin}${path}`, { cache: 'no-store', signal: AbortSignal.timeout(5_000) }).then(({ status }) => status, (cause: Error) => `${cause} ${cause.cause}`);

/** Asks its own API, a file of `public/` and a hashed one as templates do it: by its port, and by the host of the visitor. */
export default async function Self({ searchParams }: { searchParams: Promise<{ hashed?: string }> }) {
  const host = (await headers()).get('host');
  const { hashed = '/none' } = await searchParams;
  const own = `http://localhost:${process.env.PORT}`;
  return <p>{`self=${await ask(own)},${await ask(`http://${host}`)},${await ask(`http://${host}`, '/pic.png')},${await ask(own, hashed)}`}</p>;
}
