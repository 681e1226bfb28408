import type { AppProps } from 'next/app';
import Link from 'next/link';
import { useState } from 'react';

/** The count lives as long as the document: a navigation of the client keeps it. */
export default function App({ Component, pageProps }: AppProps) {
  const [count, setCount] = useState(0);
  return (
    <div data-app="custom">
      <button id="count" onClick={() => setCount(count + 1)}>{count}</button>
      <nav>
        {['/', '/ssg', '/ssr?from=link', '/posts/first', '/isr/by-link', '/lazy/by-link', '/initial', '/docs/a/b', '/posts/none'].map((href) => (
          <Link key={href} href={href} prefetch={false}>{href}</Link>
        ))}
      </nav>
      <Component {...pageProps} />
    </div>
  );
}
