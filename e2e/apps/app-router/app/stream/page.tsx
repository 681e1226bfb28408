import { Suspense } from 'react';
import { passVisitor } from '../../lib/visitor';

async function Later({ part, text }: { part: number; text: string }) {
  await passVisitor(part, part * 500);
  return <p>{text}</p>;
}

export default function Page() {
  return (
    <main>
      <h1>The shell</h1>
      <Suspense fallback={<p>first pending</p>}>
        <Later part={1} text="the first part" />
      </Suspense>
      <Suspense fallback={<p>second pending</p>}>
        <Later part={2} text="the second part" />
      </Suspense>
    </main>
  );
}
