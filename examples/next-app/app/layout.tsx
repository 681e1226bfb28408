import type { Metadata, Viewport } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Harbour', template: '%s · Harbour' },
  description: 'A small Next.js application that shows each way a page can be made.',
};

export const viewport: Viewport = { themeColor: '#0e2a3f', width: 'device-width', initialScale: 1 };

const pages = [
  { href: '/', label: 'Static' },
  { href: '/isr', label: 'ISR' },
  { href: '/dynamic', label: 'Dynamic' },
  { href: '/ports/bergen', label: 'Routes' },
  { href: '/guestbook', label: 'Guest book' },
] as const;

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <Link href="/" className="brand">⚓ Harbour</Link>
          <nav aria-label="Pages">
            {pages.map((page) => <Link key={page.href} href={page.href}>{page.label}</Link>)}
          </nav>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
