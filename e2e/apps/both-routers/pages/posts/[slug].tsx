export default function Post({ slug }: { slug: string }) {
  return <h1>post {slug}</h1>;
}
export const getStaticPaths = () => ({ paths: [{ params: { slug: 'first' } }], fallback: false });
export const getStaticProps = ({ params }: { params: { slug: string } }) => ({ props: { slug: params.slug } });
