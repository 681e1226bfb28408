import { NextResponse } from 'next/server';

export const config = { matcher: ['/guarded/:path*', '/guarded'] };

export function middleware(request) {
  if (request.cookies.get('member') === undefined) return NextResponse.redirect(new URL('/now?from=guard', request.url));
  const response = NextResponse.next();
  response.headers.set('x-guard', 'passed');
  return response;
}
