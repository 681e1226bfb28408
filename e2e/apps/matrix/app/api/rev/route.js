import { revalidatePath, revalidateTag } from 'next/cache';

export const dynamic = 'force-dynamic';

export async function GET(request) {
  const { searchParams } = new URL(request.url);
  const [path, type, tag, profile] = ['path', 'type', 'tag', 'profile'].map((name) => searchParams.get(name) ?? undefined);
  if (path !== undefined) revalidatePath(path, type);
  if (tag !== undefined) revalidateTag(tag, profile === 'now' ? { expire: 0 } : 'max');
  return Response.json({ done: true });
}
