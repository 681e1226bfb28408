import { note } from '../../../lib/notes';

export const dynamic = 'force-dynamic';

/** Events until the client leaves. */
export function GET(request: Request) {
  const id = new URL(request.url).searchParams.get('id') ?? '';
  let timer: NodeJS.Timeout | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let count = 0;
      const send = (): void => controller.enqueue(new TextEncoder().encode(`id: ${count}\ndata: ${JSON.stringify({ count: count++ })}\n\n`));
      send();
      timer = setInterval(send, 100);
      request.signal.addEventListener('abort', () => {
        clearInterval(timer);
        note(id, 'closed');
      });
    },
    cancel() {
      clearInterval(timer);
      note(id, 'canceled');
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } });
}
