export const runtime = 'edge';

export async function GET(request: Request) {
  return Response.json({ runtime: process.env.NEXT_RUNTIME, url: request.url, agent: request.headers.get('user-agent') }, { headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] });
}

export async function POST(request: Request) {
  return new Response(request.body, { status: 201, headers: { 'content-type': request.headers.get('content-type') ?? 'text/plain' } });
}
