export const dynamic = 'force-dynamic';

export function GET() {
  return Response.json({ only: 'GET' }, { headers: { 'x-only': 'GET' } });
}
