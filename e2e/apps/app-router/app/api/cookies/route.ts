import { cookies, headers } from 'next/headers';

export async function GET() {
  const [jar, seen] = await Promise.all([cookies(), headers()]);
  const before = jar.getAll();
  jar.set('first', '1', { httpOnly: true, sameSite: 'lax', path: '/' });
  jar.set('second', 'zwei; 2', { maxAge: 60 });
  jar.delete('gone');
  return Response.json({ before, custom: seen.get('x-custom') }, { headers: [['set-cookie', 'third=3; Path=/'], ['x-many', 'a'], ['x-many', 'b']] });
}
