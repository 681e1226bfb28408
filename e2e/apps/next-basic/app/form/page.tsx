import { revalidatePath, updateTag } from 'next/cache';
import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';

async function save(data: FormData) {
  'use server';
  const name = String(data.get('name'));
  (await cookies()).set('name', name);
  if (name === 'revalidate') { revalidatePath('/tagged'); updateTag('stamp'); }
  if (name === 'redirect') redirect('/dyn?from=action');
}

export default async function Form() {
  const name = (await cookies()).get('name')?.value;
  return <main><p>name={name ?? 'none'}</p><form action={save}><input name="name" /><button>Save</button></form></main>;
}
