import Script from 'next/script';
import { After } from './after';

export default function Scripts() {
  return (
    <main>
      <h1>scripts</h1>
      <Script id="before" strategy="beforeInteractive" src="/script.js?before" />
      <Script id="lazy" strategy="lazyOnload" src="/script.js?lazy" />
      <Script id="inline">{`(globalThis.ran ??= []).push('inline')`}</Script>
      <After />
    </main>
  );
}
