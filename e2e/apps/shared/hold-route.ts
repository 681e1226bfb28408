/** An answer that lasts until the client leaves. */
export function GET(request: Request) {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('held\n'));
      request.signal.addEventListener('abort', () => controller.close());
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/plain' } });
}
