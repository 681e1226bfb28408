export const revalidate = 60;
export const generateStaticParams = () => [{ slug: 'first' }];
export default async function Post({ params }: { params: Promise<{ slug: string }> }) {
  return <main><h1>Post {(await params).slug}</h1><p>at={Date.now()}</p></main>;
}
