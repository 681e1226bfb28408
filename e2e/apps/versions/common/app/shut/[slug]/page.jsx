export const dynamicParams = false;
export const generateStaticParams = () => [{ slug: 'first' }];

export default async function Shut({ params }) {
  const { slug } = await params;
  return <main><p>{`shut=${slug}`}</p></main>;
}
