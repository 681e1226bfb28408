import { released } from '../../../lib/gate';

export const dynamic = 'force-dynamic';

/** Five events: the next when /api/release is called, or by itself with ?flowing. */
export function GET(request: Request) {
  request.signal.addEventListener('abort', () => console.log('the client went away'));
  const flowing = new URL(request.url).searchParams.has('flowing');
  const body = new ReadableStream({
    async start(controller) {
      for (let n = 0; n < 5 && !request.signal.aborted; n++) {
        const next = flowing ? new Promise((resolve) => setTimeout(resolve, 100)) : released();
        controller.enqueue(new TextEncoder().encode(`data: ${n}\n\n`));
        await next;
      }
      if (!request.signal.aborted) controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}
