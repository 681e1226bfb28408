import type { ReactNode } from 'react';
import localFont from 'next/font/local';
import { Navigation } from './navigation';
import { VERSION } from '../lib/version';
import styles from './layout.module.css';

const blocks = localFont({ src: '../fonts/blocks.ttf', variable: '--blocks', display: 'block' });

export const metadata = { title: 'Assets' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" className={blocks.variable}>
      <body className={styles.body}>
        <p>version <b data-testid="layout">{VERSION}</b></p>
        <Navigation />
        {children}
      </body>
    </html>
  );
}
