import { after, connection } from 'next/server';

export default async function Page({ searchParams }: { searchParams: Promise<{ id?: string }> }) {
  await connection();
  const { id } = await searchParams;
  after(() => console.log(`after finished ${id}`));
  return <h1>After the page</h1>;
}
