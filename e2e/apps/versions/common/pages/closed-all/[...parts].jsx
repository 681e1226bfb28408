export const getStaticPaths = () => ({ paths: [{ params: { parts: ['first', 'one'] } }], fallback: false });
export const getStaticProps = ({ params }) => ({ props: { parts: params.parts }, revalidate: 2 });

export default function ClosedAll({ parts }) {
  return <main><p>{`closed=${parts.join('+')}`}</p></main>;
}
