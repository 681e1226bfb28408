'use server';

import { cookies } from 'next/headers';
import { after } from 'next/server';
import { COOKIE, MAX_ENTRIES, MAX_NAME, MAX_TEXT, parseEntries } from '@/lib/guestbook';

export type FormState = { error?: string };

/** Adds an entry to the visitor's own book, a cookie, so that it works with any number of running instances. */
export async function sign(_previous: FormState, form: FormData): Promise<FormState> {
  const name = field(form, 'name', MAX_NAME);
  const text = field(form, 'text', MAX_TEXT);
  if (name === '' || text === '') return { error: 'Please give a name and a few words.' };
  const jar = await cookies();
  const entries = [{ name, text, at: Date.now() }, ...parseEntries(jar.get(COOKIE)?.value)].slice(0, MAX_ENTRIES);
  jar.set(COOKIE, JSON.stringify(entries), { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 30 * 24 * 3600 });
  after(() => console.log(`guest book: an entry of ${text.length} characters`));
  return {};
}

function field(form: FormData, name: string, max: number): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim().slice(0, max) : '';
}
