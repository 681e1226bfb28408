export default function Page({ path }: { path: string[] }) {
  return <h1>path={path.join('|') || 'none'}</h1>;
}
export const getServerSideProps = ({ params }: { params?: { path?: string[] } }) => ({ props: { path: params?.path ?? [] } });
