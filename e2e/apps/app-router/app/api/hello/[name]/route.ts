import { type NextRequest } from 'next/server';

export async function GET(request: NextRequest, { params }: { params: Promise<{ name: string }> }) {
  return Response.json({ name: (await params).name, url: request.url, search: Object.fromEntries(request.nextUrl.searchParams) });
}
