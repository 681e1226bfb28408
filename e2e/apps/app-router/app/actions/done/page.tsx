export default async function Page({ searchParams }: { searchParams: Promise<{ name?: string }> }) {
  return <h1>{`Done for ${(await searchParams).name}`}</h1>;
}
