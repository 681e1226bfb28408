import { cookies, headers } from 'next/headers';
import Link from 'next/link';

export default async function Page({ searchParams }: { searchParams: Promise<Record<string, string>> }) {
  const seen = await headers();
  return (
    <>
      <h1>dynamic page of app/</h1>
      <p id="seen">{JSON.stringify({ query: await searchParams, added: seen.get('x-added'), removed: seen.get('x-remove-me'), cookie: (await cookies()).get('by-proxy')?.value })}</p>
      <Link id="to-pages" href="/pages-page?from=app" prefetch={false}>to pages/</Link>
    </>
  );
}
