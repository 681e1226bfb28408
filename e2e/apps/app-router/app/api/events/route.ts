import type { NextRequest } from 'next/server';
import { pass } from '../../../lib/gate';
import { note } from '../../../lib/notes';

export const dynamic = 'force-dynamic';

/** Events until the client leaves. */
export function GET(request: NextRequest) {
  const id = request.nextUrl.searchParams.get('id') ?? '';
  const gate = request.cookies.get('gate')?.value;
  let count = 0;
  const body = new ReadableStream<Uint8Array>({
    start: () => request.signal.addEventListener('abort', () => note(id, 'closed')),
    async pull(controller) {
      if (count > 0) await pass(gate, count, 100);
      if (!request.signal.aborted) controller.enqueue(new TextEncoder().encode(`id: ${count}\ndata: ${JSON.stringify({ count: count++ })}\n\n`));
    },
    cancel: () => note(id, 'canceled'),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } });
}
