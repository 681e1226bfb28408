import { connection } from 'next/server';

export default async function Page({ params }: { params: Promise<{ path: string[] }> }) {
  await connection();
  return <pre data-testid="params">{JSON.stringify((await params).path)}</pre>;
}
