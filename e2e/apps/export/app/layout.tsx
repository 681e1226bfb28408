import type { ReactNode } from 'react';
import Link from 'next/link';

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <nav>{['/', '/about', '/boats/ann', '/boats/grüße', '/lazy'].map((path) => <Link key={path} href={path}>{path}</Link>)}</nav>
        {children}
      </body>
    </html>
  );
}
