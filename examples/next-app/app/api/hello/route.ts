import { platform } from '@/lib/platform';

/** GET /api/hello?name=… → {hello, environment, deploymentId, commit, at} */
export function GET(request: Request): Response {
  const name = new URL(request.url).searchParams.get('name') ?? 'world';
  const { environment, deploymentId, commit } = platform();
  return Response.json({ hello: name, environment, deploymentId, commit, at: new Date().toISOString() });
}

/** POST /api/hello with a JSON body → 201 and the same value back; 400 when it is not JSON. */
export async function POST(request: Request): Promise<Response> {
  try {
    const received: unknown = await request.json();
    return Response.json({ received }, { status: 201 });
  } catch {
    return Response.json({ error: 'Send a JSON body.' }, { status: 400 });
  }
}
