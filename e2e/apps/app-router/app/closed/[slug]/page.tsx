export const dynamicParams = false;
export const generateStaticParams = () => [{ slug: 'listed' }];

export default async function Page({ params }: { params: Promise<{ slug: string }> }) {
  return <h1>Closed {(await params).slug}</h1>;
}
