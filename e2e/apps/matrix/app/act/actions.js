'use server';
import { revalidatePath, updateTag } from 'next/cache';

export async function act(form) {
  const path = form.get('path');
  const tag = form.get('tag');
  if (path) revalidatePath(path);
  if (tag) updateTag(tag);
}
