import type { GetStaticProps } from 'next';
import { renderId } from '../../lib';

export const getStaticProps: GetStaticProps<{ id: string }> = async () => ({ props: { id: renderId() }, revalidate: 3600 });
export default function Classic({ id }: { id: string }) {
  return <main><p>{`render=${id}`}</p></main>;
}
