export default function NotFoundPage({ madeBy }: { madeBy: string }) {
  return <h1>Own page for what is missing, by {madeBy}</h1>;
}
export const getStaticProps = () => ({ props: { madeBy: 'getStaticProps' } });
