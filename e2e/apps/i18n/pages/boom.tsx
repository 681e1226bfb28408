export default function Page() {
  return <h1>never seen</h1>;
}
export const getServerSideProps = () => {
  throw new Error('fails on purpose');
};
