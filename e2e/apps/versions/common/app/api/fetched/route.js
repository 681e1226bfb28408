import { processId } from '../../../lib/process-id';
export const dynamic = 'force-dynamic';
// A server that is started as it is can ask itself: the answer of the first call is kept in the fetch cache.
export async function GET() {
  const { at } = await fetch(`http://localhost:${process.env.PORT}/api/source`, { next: { tags: ['fetched'], revalidate: 3600 } }).then((answer) => answer.json());
  return Response.json({ at, processId });
}
