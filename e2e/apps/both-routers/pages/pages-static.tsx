export default function Page({ stamp }: { stamp: string }) {
  return <h1>static page of pages/ stamp={stamp}</h1>;
}
export const getStaticProps = () => ({ props: { stamp: Math.random().toString(36).slice(2) } });
