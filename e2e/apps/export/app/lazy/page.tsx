'use client';
import { useState } from 'react';

export default function Lazy() {
  const [text, setText] = useState('');
  return <main><h1>lazy</h1><button onClick={async () => setText((await import('./later')).default)}>load</button><p>{text}</p></main>;
}
