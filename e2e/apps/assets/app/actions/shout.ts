'use server';
import { redirect } from 'next/navigation';
import { VERSION } from '../../lib/version';

export async function shout(form: FormData): Promise<void> {
  redirect(`/actions?said=${encodeURIComponent(`${String(form.get('word')).toUpperCase()} by ${VERSION}`)}`);
}

export async function answer(word: string): Promise<string> {
  return `${word} heard by ${VERSION}`;
}
