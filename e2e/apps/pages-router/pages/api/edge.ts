export const config = { runtime: 'edge' };

export default async function handler(request: Request) {
  const { pathname, searchParams } = new URL(request.url);
  return Response.json({ pathname, q: searchParams.get('q'), method: request.method, body: await request.text(), runtime: process.env.NEXT_RUNTIME }, { headers: { 'x-edge': 'yes' } });
}
