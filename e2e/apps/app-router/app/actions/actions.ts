'use server';

import { createHash } from 'node:crypto';
import { revalidatePath } from 'next/cache';
import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';

export type Greeting = { text: string; times: number };

export async function greet(previous: Greeting, form: FormData): Promise<Greeting> {
  return { text: `Hello, ${String(form.get('name'))}!`, times: previous.times + 1 };
}

export async function go(form: FormData): Promise<void> {
  redirect(`/actions/done?name=${encodeURIComponent(String(form.get('name')))}`);
}

export async function leave(): Promise<void> {
  redirect('/static?from=action');
}

export async function remember(form: FormData): Promise<void> {
  const jar = await cookies();
  jar.set('remembered', String(form.get('what')));
  jar.set('also', 'set');
}

export async function renew(): Promise<void> {
  revalidatePath('/actions/kept');
}

export async function measure(_previous: unknown, form: FormData): Promise<{ name: string; size: number; sha256: string }> {
  const file = form.get('file');
  if (!(file instanceof File)) throw new Error('no file');
  return { name: file.name, size: file.size, sha256: createHash('sha256').update(await file.bytes()).digest('hex') };
}

export async function fail(): Promise<void> {
  throw new Error('the action fails with a secret');
}

export async function add(by: number, to: number): Promise<{ sum: number; at: Date; set: Set<string> }> {
  return { sum: by + to, at: new Date(0), set: new Set(['a', 'b']) };
}

export async function mark(item: string, form: FormData): Promise<void> {
  (await cookies()).set('marked', `${item}:${String(form.get('with'))}`);
}
