import { headers } from 'next/headers';

export default async function Dynamic({ searchParams }: { searchParams: Promise<{ from?: string }> }) {
  const list = await headers();
  console.log('rendering the dynamic page');
  return <main><h1>A dynamic page</h1><p id="from">from={(await searchParams).from ?? 'nowhere'}</p><p>proxy={list.get('x-added-by-proxy') ?? 'none'}</p><p>secret={process.env.RUN_SECRET ?? 'unset'}</p></main>;
}
