import Link from 'next/link';
import { useState } from 'react';
import { VERSION } from '../../lib/version';

export default function Classic({ version }: { version: string }) {
  const [count, setCount] = useState(0);
  return (
    <main>
      <h1>classic {version}</h1>
      <p data-testid="code">{VERSION}</p>
      <button onClick={() => setCount(count + 1)}>clicked {count}</button>
      <Link href="/classic/server" prefetch={false}>server</Link> <Link href="/classic/static" prefetch={false}>static</Link>
    </main>
  );
}

export const getStaticProps = () => ({ props: { version: VERSION } });
