import Link from 'next/link';
import type { ReactNode } from 'react';
import { Counter } from './counter';

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <section>
      <Counter />
      <Link href="/tabs/one">One</Link> <Link href="/tabs/two">Two</Link> <Link href="/tabs/three">Three</Link>
      {children}
    </section>
  );
}
