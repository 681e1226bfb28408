import { connection } from 'next/server';
import { redirect } from 'next/navigation';
import { Suspense } from 'react';
import { pause } from '../../../lib/stamp';

async function Late() {
  await connection();
  await pause(300);
  redirect('/static?from=late');
  return null;
}

export default function Page() {
  return (
    <main>
      <h1>Before the redirect</h1>
      <Suspense fallback={<p>pending</p>}>
        <Late />
      </Suspense>
    </main>
  );
}
