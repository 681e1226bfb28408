export const dynamic = 'force-dynamic';

/** Stays open until the client leaves. */
export function GET(request: Request) {
  return new Response(new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('held\n'));
      request.signal.addEventListener('abort', () => controller.close());
    },
  }));
}
