import { NextResponse, type NextRequest } from 'next/server';

const open = new Set<NextRequest>();

export const config = { matcher: ['/mw/:path*', '/dyn'] };

export default async function proxy(request: NextRequest) {
  const { pathname } = request.nextUrl;
  if (pathname === '/mw/redirect') return NextResponse.redirect(new URL('/dyn?from=redirect', request.url));
  if (pathname === '/mw/rewrite') return NextResponse.rewrite(new URL('/blog/from-middleware', request.url));
  if (pathname === '/mw/static') return NextResponse.rewrite(new URL('/', request.url));
  if (pathname === '/mw/answer') return Response.json({ respondedBy: 'proxy' }, { status: 203 });
  if (pathname === '/mw/body') {
    const length = (await request.text()).length;
    const headers = new Headers(request.headers);
    headers.set('x-body-length', String(length));
    return NextResponse.rewrite(new URL('/api/echo', request.url), { request: { headers } });
  }
  if (pathname === '/mw/leave') {
    // A signal fires only while its request is referenced, as everywhere in Node.
    open.add(request);
    request.signal.addEventListener('abort', () => {
      open.delete(request);
      console.log('the proxy saw the client leave');
    });
    return NextResponse.rewrite(new URL('/stream', request.url));
  }
  // As authentication does it: the site's own API, by the address that the visitor asked for.
  if (pathname === '/mw/self') return new NextResponse(await (await fetch(new URL('/api/hello', request.url))).text());
  if (pathname === '/mw/throw') throw new Error('the proxy fails on purpose');
  const headers = new Headers(request.headers);
  headers.set('x-added-by-proxy', 'added');
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('x-proxy', 'seen');
  response.cookies.set('proxied', '1');
  return response;
}
