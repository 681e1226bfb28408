import type { Metadata } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';

export const metadata: Metadata = { metadataBase: new URL('http://site.example'), title: { default: 'App Router', template: '%s | App Router' }, description: 'A fixture' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <Link href="/">Home</Link> <Link href="/static">Static</Link> <Link href="/dynamic">Dynamic</Link> <Link href="/slow" prefetch={false}>Slow</Link> <Link href="/tabs/one">Tabs</Link>
        </nav>
        {children}
      </body>
    </html>
  );
}
