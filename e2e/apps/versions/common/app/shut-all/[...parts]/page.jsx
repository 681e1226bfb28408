export const dynamicParams = false;
export const revalidate = 2;
export const generateStaticParams = () => [{ parts: ['first', 'one'] }];

export default async function ShutAll({ params }) {
  const { parts } = await params;
  return <main><p>{`shut=${parts.join('+')}`}</p></main>;
}
