import type { AppProps } from 'next/app';
import Link from 'next/link';
import { useRouter } from 'next/router';
import { useState } from 'react';

export default function App({ Component, pageProps }: AppProps) {
  const { locale, defaultLocale, locales, asPath, basePath, isReady } = useRouter();
  const [count, setCount] = useState(0);
  return (
    <div>
      <button id="count" onClick={() => setCount(count + 1)}>{count}</button>
      <p id="router">{isReady ? `locale=${locale} default=${defaultLocale} locales=${locales?.join()} as=${asPath} base=${basePath}` : 'not ready'}</p>
      <nav>
        <Link id="here" href="/ssg" prefetch={false}>ssg</Link>
        <Link id="german" href="/ssr?by=link" locale="de" prefetch={false}>ssr in German</Link>
        <Link id="post" href="/posts/first" prefetch={false}>post</Link>
        <Link id="lazy" href="/lazy/by-link" prefetch={false}>lazy</Link>
      </nav>
      <Component {...pageProps} />
    </div>
  );
}
