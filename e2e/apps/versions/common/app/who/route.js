export const dynamic = 'force-dynamic';
export const GET = (request) => Response.json({ url: request.url, origin: request.nextUrl.origin, proxy: request.headers.get('x-proxy-url'), host: request.headers.get('host') });
