export const dynamic = 'force-dynamic';
export const GET = (request) => new Response(new ReadableStream({ start: (controller) => request.signal.addEventListener('abort', () => controller.close()) }));
