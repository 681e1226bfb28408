export const getStaticProps = () => ({ props: { at: Date.now() } });
export default function Legacy({ at }) {
  return <main><p>{`at=${at}`}</p></main>;
}
