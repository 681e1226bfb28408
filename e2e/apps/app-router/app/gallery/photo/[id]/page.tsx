export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  return <h1>The page of photo {(await params).id}</h1>;
}
