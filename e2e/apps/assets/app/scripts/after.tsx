'use client';
import Script from 'next/script';
import { useState } from 'react';

export function After() {
  const [loaded, setLoaded] = useState('');
  return (
    <>
      <Script strategy="afterInteractive" src="/script.js?after" onLoad={() => setLoaded('loaded')} onReady={() => document.body.setAttribute('data-ready', 'yes')} />
      <p data-testid="loaded">{loaded}</p>
    </>
  );
}
