export const runtime = 'edge';

export default async function Page({ searchParams }: { searchParams: Promise<{ name?: string }> }) {
  return <h1>{`On the ${process.env.NEXT_RUNTIME} runtime for ${(await searchParams).name ?? 'nobody'}`}</h1>;
}
