import { cookies } from 'next/headers';
import { Suspense } from 'react';
import { cacheLife, cacheTag } from 'next/cache';
import { pass } from '../../gate';
import { renderId } from '../../lib';

async function Kept() {
  'use cache';
  cacheLife('hours');
  cacheTag('shell');
  return <p>kept={renderId()}</p>;
}
async function Own() {
  const visitor = await cookies();
  const name = visitor.get('name')?.value ?? 'nobody';
  await pass(visitor.get('gate')?.value, 1, 100);
  if (name === 'fails') throw new Error('the part for one visitor fails on purpose');
  return <p>own={name} render={renderId()}</p>;
}
/** A shell that is the same for all, and a part that is late and each visitor's own. */
export default function Shell() {
  return <main><h1>The shell</h1><Kept /><Suspense fallback={<p>waiting</p>}><Own /></Suspense></main>;
}
