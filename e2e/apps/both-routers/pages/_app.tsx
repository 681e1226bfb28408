import type { AppProps } from 'next/app';
import Link from 'next/link';
import { useState } from 'react';

export default function App({ Component, pageProps }: AppProps) {
  const [count, setCount] = useState(0);
  return (
    <div data-router="pages">
      <button id="count" onClick={() => setCount(count + 1)}>{count}</button>
      {['/app-page?from=pages', '/pages-ssr?from=link', '/posts/first', '/mw/rewrite-pages', '/mw/redirect', '/mw/to-app', '/pages-static'].map((href) => <Link key={href} href={href} prefetch={false}>{href}</Link>)}
      <Component {...pageProps} />
    </div>
  );
}
