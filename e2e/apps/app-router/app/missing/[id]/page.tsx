import { connection } from 'next/server';
import { notFound } from 'next/navigation';

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  await connection();
  if ((await params).id !== 'there') notFound();
  return <h1>It is there</h1>;
}
