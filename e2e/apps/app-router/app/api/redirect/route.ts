import { redirect } from 'next/navigation';

export async function POST() {
  redirect('/static?from=handler');
}

export async function GET(request: Request) {
  return Response.redirect(new URL('/static', request.url), 303);
}
