import { revalidatePath, revalidateTag } from 'next/cache';

/** `{path, type?}` or `{tag, profile?}`; without a profile the old way, which Next warns of. */
export async function POST(request: Request) {
  const { path, type, tag, profile } = await request.json();
  if (path !== undefined) revalidatePath(path, type);
  if (tag !== undefined) Reflect.apply(revalidateTag, undefined, profile === undefined ? [tag] : [tag, profile]);
  return Response.json({ done: true });
}
