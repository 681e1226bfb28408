import { connection } from 'next/server';
import { Suspense } from 'react';
import { pause } from '../../lib/stamp';

async function Later({ ms, text }: { ms: number; text: string }) {
  await connection();
  await pause(ms);
  return <p>{text}</p>;
}

export default function Page() {
  return (
    <main>
      <h1>The shell</h1>
      <Suspense fallback={<p>first pending</p>}>
        <Later ms={500} text="the first part" />
      </Suspense>
      <Suspense fallback={<p>second pending</p>}>
        <Later ms={1000} text="the second part" />
      </Suspense>
    </main>
  );
}
