export async function POST(request: Request) {
  const body = await request.text();
  return Response.json({ length: body.length, start: body.slice(0, 20), read: request.headers.get('x-proxy-read') });
}
export const GET = (request: Request) => Response.json({ url: request.url, added: request.headers.get('x-added') });
