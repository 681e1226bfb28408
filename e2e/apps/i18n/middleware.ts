import { NextResponse, type NextRequest } from 'next/server';

/** On the edge runtime, which is deprecated and goes on working. */
export function middleware(request: NextRequest) {
  const { nextUrl } = request;
  const seen = { path: nextUrl.pathname, locale: nextUrl.locale, basePath: nextUrl.basePath, runtime: process.env.NEXT_RUNTIME };
  if (nextUrl.pathname.startsWith('/mw/answer')) return Response.json(seen, { headers: { 'x-edge-answer': 'yes' } });
  if (nextUrl.pathname.startsWith('/mw/redirect')) return NextResponse.redirect(new URL(`/base/${nextUrl.locale}/ssg/`, request.url));
  if (nextUrl.pathname.startsWith('/mw/rewrite')) {
    const to = nextUrl.clone();
    to.pathname = '/ssr';
    to.searchParams.set('by', 'middleware');
    return NextResponse.rewrite(to);
  }
  const response = NextResponse.next();
  response.headers.set('x-edge-seen', JSON.stringify(seen));
  response.cookies.set('edge', '1');
  return response;
}

export const config = { matcher: ['/mw/:path*', '/ssr', '/ssg', { source: '/de/nur-deutsch', locale: false }] };
