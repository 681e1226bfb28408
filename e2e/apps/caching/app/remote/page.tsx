import { cacheLife, cacheTag } from 'next/cache';
import { connection } from 'next/server';
import { Suspense } from 'react';
import { renderId } from '../../lib';

async function shared(): Promise<string> {
  'use cache: remote';
  cacheLife('hours');
  cacheTag('remote');
  return renderId();
}
async function Remote() {
  await connection();
  return <p>shared={await shared()} render={renderId()}</p>;
}
export default function Page() {
  return <main><Suspense fallback={<p>waiting</p>}><Remote /></Suspense></main>;
}
