'use client';
import dynamic from 'next/dynamic';
import { useState } from 'react';

const Later = dynamic(() => import('./later'), { ssr: false, loading: () => <p>loading</p> });

export default function Lazy() {
  const [shown, show] = useState(false);
  return (
    <main>
      <h1>lazy</h1>
      <button onClick={() => show(true)}>show</button>
      {shown && <Later />}
    </main>
  );
}
