import { NextResponse } from 'next/server';

export const config = { matcher: ['/guarded/:path*', '/guarded', '/who', '/who-else', '/login-first'] };

export function middleware(request) {
  const { pathname } = request.nextUrl;
  if (pathname === '/login-first') return NextResponse.redirect(new URL(`/now?from=${encodeURIComponent(request.url)}`, request.url));
  if (pathname === '/who-else') return NextResponse.rewrite(new URL('/who?by=rewrite', request.url));
  if (pathname === '/who') return NextResponse.next({ request: { headers: new Headers([...request.headers, ['x-proxy-url', request.url]]) } });
  if (request.cookies.get('member') === undefined) return NextResponse.redirect(new URL('/now?from=guard', request.url));
  const response = NextResponse.next();
  response.headers.set('x-guard', 'passed');
  return response;
}
