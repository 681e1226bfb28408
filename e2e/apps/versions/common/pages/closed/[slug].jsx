export const getStaticPaths = () => ({ paths: [{ params: { slug: 'first' } }], fallback: false });
export const getStaticProps = ({ params }) => ({ props: { slug: params.slug } });

export default function Closed({ slug }) {
  return <main><p>{`closed=${slug}`}</p></main>;
}
