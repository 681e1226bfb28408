import { note } from '../../../lib/notes';

export const dynamic = 'force-dynamic';

/** Answers only when the client has left. */
export function GET(request: Request) {
  const id = new URL(request.url).searchParams.get('id') ?? '';
  note(id, 'opened');
  return new Promise<Response>((resolve) => request.signal.addEventListener('abort', () => {
    note(id, 'closed');
    resolve(new Response('left'));
  }));
}
