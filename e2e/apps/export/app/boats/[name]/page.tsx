export const generateStaticParams = () => [{ name: 'ann' }, { name: 'grüße' }];
export const dynamicParams = false;

export default async function Boat({ params }: { params: Promise<{ name: string }> }) {
  return <h1>boat {decodeURIComponent((await params).name)}</h1>;
}
