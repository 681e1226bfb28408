import { renderId } from '../../../lib';
import { origin } from '../../../origin';

/** Fetches through Next's cache, and says what it got. */
export async function GET(request: Request) {
  const from = await origin();
  const get = async (path: string, next: { revalidate?: number; tags?: string[] }): Promise<string> => (await fetch(from + path, { next, cache: next.revalidate === undefined ? 'force-cache' : 'default' })).text();
  const key = new URL(request.url).searchParams.get('key') ?? '';
  return Response.json({ short: await get(`/short-${key}`, { revalidate: 1 }), tagged: await get(`/tagged-${key}`, { tags: [`fetched-${key}`] }), render: renderId() });
}
