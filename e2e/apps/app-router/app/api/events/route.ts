import { noteClosed, wasClosed } from '../../../lib/closed';

export const dynamic = 'force-dynamic';

/** `?id=` follows events until the client leaves; `?closed=` answers whether this process has seen that one leave. */
export function GET(request: Request) {
  const query = new URL(request.url).searchParams;
  const closed = query.get('closed');
  if (closed !== null) return Response.json({ closed: wasClosed(closed) });
  const id = query.get('id') ?? '';
  let timer: NodeJS.Timeout | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let count = 0;
      const send = (): void => controller.enqueue(new TextEncoder().encode(`id: ${count}\ndata: ${JSON.stringify({ count: count++ })}\n\n`));
      send();
      timer = setInterval(send, 100);
      request.signal.addEventListener('abort', () => {
        clearInterval(timer);
        noteClosed(id, 'signal');
      });
    },
    cancel() {
      clearInterval(timer);
      noteClosed(id, 'cancel');
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } });
}
