import { cacheLife, cacheTag } from 'next/cache';
import { cookies } from 'next/headers';
import { Suspense } from 'react';
import { renderId } from '../../../lib';

export const generateStaticParams = () => [{ id: 'built' }];
async function item(id: string): Promise<string> {
  'use cache';
  cacheLife('hours');
  cacheTag(`item-${id}`);
  return `${id}:${renderId()}`;
}
async function Own() {
  return <p>own={(await cookies()).get('name')?.value ?? 'nobody'}</p>;
}
async function Item({ params }: { params: Promise<{ id: string }> }) {
  return <p>item={await item((await params).id)}</p>;
}
export default function Page({ params }: { params: Promise<{ id: string }> }) {
  return <main><h1>An item</h1><Suspense fallback={<p>looking</p>}><Item params={params} /></Suspense><Suspense fallback={<p>waiting</p>}><Own /></Suspense></main>;
}
