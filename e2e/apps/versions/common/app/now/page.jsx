import { processId } from '../../lib/process-id';
export const dynamic = 'force-dynamic';
export default async function Now({ searchParams }) {
  const { from } = await searchParams;
  return <main><p>{`from=${from ?? 'nowhere'} process=${processId} at=${Date.now()}`}</p></main>;
}
