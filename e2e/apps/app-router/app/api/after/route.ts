import { after } from 'next/server';
import { pause } from '../../../lib/stamp';

/** Answers at once; `after` has `?ms=` more to do and says so in the log. */
export async function GET(request: Request) {
  const query = new URL(request.url).searchParams;
  const id = query.get('id');
  after(async () => {
    console.log(`after started ${id}`);
    await pause(Number(query.get('ms') ?? 0));
    console.log(`after finished ${id}`);
  });
  return Response.json({ answered: id });
}
