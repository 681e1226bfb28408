import type { NextRequest } from 'next/server';
import { pass } from '../../../lib/gate';

export const dynamic = 'force-dynamic';

export function GET(request: NextRequest) {
  const gate = request.cookies.get('gate')?.value;
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent > 0) await pass(gate, sent, 50);
      controller.enqueue(new TextEncoder().encode(`part ${++sent}\n`));
      if (sent === 5) controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/plain' } });
}
