import { redirect } from 'next/navigation';
import { Suspense } from 'react';
import { passVisitor } from '../../../lib/visitor';

async function Late() {
  await passVisitor(1, 1_000);
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
