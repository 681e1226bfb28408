'use client';

import { useActionState } from 'react';
import { MAX_NAME, MAX_TEXT } from '@/lib/guestbook';
import { sign } from './actions';

export function GuestbookForm() {
  const [state, action, pending] = useActionState(sign, {});
  return (
    <form action={action}>
      <label>Name<input name="name" required maxLength={MAX_NAME} autoComplete="name" /></label>
      <label>A few words<input name="text" required maxLength={MAX_TEXT} /></label>
      {state.error !== undefined && <p className="error" role="alert">{state.error}</p>}
      <button disabled={pending}>{pending ? 'Signing…' : 'Sign'}</button>
    </form>
  );
}
