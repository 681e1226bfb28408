export const dynamic = 'force-dynamic';
export const GET = () => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('held')) }));
