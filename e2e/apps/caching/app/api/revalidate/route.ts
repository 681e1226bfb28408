import { revalidatePath, revalidateTag } from 'next/cache';

export async function POST(request: Request) {
  const { path, tag, profile } = await request.json();
  if (path !== undefined) revalidatePath(path);
  if (tag !== undefined) Reflect.apply(revalidateTag, undefined, profile === undefined ? [tag] : [tag, profile]);
  return Response.json({ done: true });
}
