import { revalidateTag } from 'next/cache';
import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';

async function save(data) {
  'use server';
  const name = String(data.get('name'));
  (await cookies()).set('name', name);
  if (name === 'redirect') redirect('/now?from=action');
  revalidateTag('stamp', { expire: 0 });
}

export default async function Form() {
  const name = (await cookies()).get('name')?.value;
  return <main><p>{`name=${name ?? 'none'}`}</p><form action={save}><input name="name" /><button>Save</button></form></main>;
}
