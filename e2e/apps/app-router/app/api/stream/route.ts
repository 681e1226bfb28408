import { pause } from '../../../lib/stamp';

export const dynamic = 'force-dynamic';

export function GET() {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (sent > 0) await pause(150);
      controller.enqueue(new TextEncoder().encode(`part ${++sent}\n`));
      if (sent === 5) controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/plain' } });
}
