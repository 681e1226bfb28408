import { notesOf } from '../../../lib/notes';

export const dynamic = 'force-dynamic';

export function GET(request: Request) {
  return Response.json(notesOf(new URL(request.url).searchParams.get('id') ?? ''));
}
