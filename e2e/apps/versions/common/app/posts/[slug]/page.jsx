export const generateStaticParams = () => [{ slug: 'first' }];

export default async function Post({ params }) {
  const { slug } = await params;
  return <article><h1>{`slug=${slug}`}</h1><p>{`at=${Date.now()}`}</p></article>;
}
