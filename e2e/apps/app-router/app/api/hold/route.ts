export const dynamic = 'force-dynamic';

/** Answers only when the client has left. */
export function GET(request: Request) {
  return new Promise<Response>((resolve) => request.signal.addEventListener('abort', () => resolve(new Response('left'))));
}
