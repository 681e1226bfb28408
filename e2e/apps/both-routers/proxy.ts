import { NextResponse, type NextRequest } from 'next/server';
import { pass } from './gate';
import settings from './settings.json' with { type: 'json' };

/** On Node, as `proxy.ts` always is. */
export async function proxy(request: NextRequest) {
  const { nextUrl } = request;
  const path = nextUrl.pathname.replace(/\/$/, '');
  const at = (to: string) => new URL(to, request.url);
  switch (path) {
    case '/mw/redirect': return NextResponse.redirect(at('/pages-ssr?by=proxy'));
    case '/mw/permanent': return NextResponse.redirect(at('/app-page'), 308);
    case '/mw/outside': return NextResponse.redirect('https://example.com/there?x=1');
    case '/mw/rewrite-pages': return NextResponse.rewrite(at('/pages-ssr?by=proxy'));
    case '/mw/rewrite-app': return NextResponse.rewrite(at('/app-page?by=proxy'));
    case '/mw/to-app': return NextResponse.rewrite(at('/static-page'));
    case '/mw/rewrite-static': return NextResponse.rewrite(at('/pages-static'));
    case '/mw/rewrite-post': return NextResponse.rewrite(at('/posts/first'));
    case '/mw/rewrite-file': return NextResponse.rewrite(at('/file.txt'));
    case '/mw/rewrite-none': return NextResponse.rewrite(at('/nowhere'));
    case '/mw/rewrite-config': return NextResponse.rewrite(at('/a/page/7'));
    case '/mw/rewrite-status': return NextResponse.rewrite(at('/app-page'), { status: 403, headers: { 'x-proxy-more': 'yes' } });
    case '/mw/answer': return Response.json({ runtime: process.env.NEXT_RUNTIME, pid: typeof process.pid, url: request.url, method: request.method }, { status: 203, headers: { 'x-proxy-answer': 'yes', 'set-cookie': 'answered=1; Path=/' } });
    case '/mw/empty': return new Response(null, { status: 204 });
    case '/mw/stream': return new Response(new ReadableStream({ async start(controller) {
      for (const [n, part] of ['one ', 'two ', 'three'].entries()) {
        if (n > 0) await pass(request.cookies.get('gate')?.value, n, 50);
        controller.enqueue(new TextEncoder().encode(part));
      }
      controller.close();
    } }));
    case '/mw/external': return NextResponse.rewrite(`${settings.external}/by-proxy?x=1`);
    case '/mw/throw': throw new Error('the proxy fails on purpose');
    case '/mw/body': return Response.json({ length: (await request.text()).length });
    case '/mw/location': return new Response('created', { status: 201, headers: { location: String(at('/posts/1')) } });
    case '/api/echo': if (request.method === 'POST') {
      const headers = new Headers(request.headers);
      headers.set('x-proxy-read', String((await request.text()).length));
      return NextResponse.next({ request: { headers } });
    }
  }
  const headers = new Headers(request.headers);
  headers.set('x-added', 'by proxy');
  headers.delete('x-remove-me');
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('x-proxy-path', nextUrl.pathname);
  response.headers.set('x-proxy-data', String(request.headers.get('x-nextjs-data')));
  response.headers.append('x-proxy-many', 'one');
  response.headers.append('x-proxy-many', 'two');
  if (path === '/app-page') {
    response.cookies.set('by-proxy', 'cookie', { httpOnly: true });
    response.cookies.set('second', '2');
  }
  return response;
}

export const config = {
  matcher: [
    '/mw/:path*', '/app-page', '/pages-ssr', '/api/:path*', '/((?!_next|free|posts|m/).*)-static',
    '/posts/first',
    { source: '/m/has', has: [{ type: 'header', key: 'x-in', value: 'yes' }] },
    { source: '/m/missing', missing: [{ type: 'cookie', key: 'out' }] },
    { source: '/m/query', has: [{ type: 'query', key: 'in' }] },
    '/m/(one|two)/:id(\\d+)', '/m/optional/:id?',
  ],
};
