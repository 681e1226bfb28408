export const dynamic = 'force-dynamic';

export function GET() {
  return Response.json({ inlined: process.env.NEXT_PUBLIC_STAGE ?? 'unset', read: process.env['SERVER_STAGE'] ?? 'unset' });
}
