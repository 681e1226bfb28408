import { revalidatePath, revalidateTag } from 'next/cache';

export async function POST(request: Request) {
  const { path, tag, profile } = await request.json();
  if (path) revalidatePath(path);
  if (tag) revalidateTag(tag, profile ?? { expire: 0 });
  return Response.json({ done: true });
}
