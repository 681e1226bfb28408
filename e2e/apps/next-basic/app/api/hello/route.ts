export const dynamic = 'force-dynamic';
export const GET = (request: Request) => Response.json({ hello: 'world', url: request.url });
export const DELETE = () => new Response(null, { status: 204 });
