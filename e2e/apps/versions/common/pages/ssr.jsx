export const getServerSideProps = ({ query }) => ({ props: { from: query.from ?? 'nowhere' } });
export default function Ssr({ from }) {
  return <main><p>{`from=${from}`}</p></main>;
}
