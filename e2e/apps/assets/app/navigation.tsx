'use client';
import Link from 'next/link';
import { useState } from 'react';

/** State that only lives as long as the document. */
export function Navigation() {
  const [count, setCount] = useState(0);
  return (
    <nav>
      {['/', '/dynamic', '/lazy', '/actions', '/scripts'].map((path) => <Link key={path} href={path} prefetch={false}>{path}</Link>)}
      <button onClick={() => setCount(count + 1)}>clicked {count}</button>
    </nav>
  );
}
