export const dynamic = 'force-dynamic';
export function GET(request: Request) {
  let timer: ReturnType<typeof setInterval> | undefined;
  let n = 0;
  request.signal.addEventListener('abort', () => console.log('the client went away'));
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('data: 0\n\n'));
      timer = setInterval(() => {
        controller.enqueue(new TextEncoder().encode(`data: ${++n}\n\n`));
        if (n === 5) { clearInterval(timer); controller.close(); }
      }, 100);
    },
    cancel() { clearInterval(timer); },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}
