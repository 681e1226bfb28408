import Link from 'next/link';
import { version } from 'react';
import { Counter } from './counter';

export default function Home() {
  return <main><h1>Home</h1><p>{`react=${version}`}</p><Counter /><Link href="/now" prefetch={false}>Now</Link></main>;
}
