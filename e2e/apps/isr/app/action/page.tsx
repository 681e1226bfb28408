import { unstable_cache, updateTag } from 'next/cache';
import { renderId } from '../../lib';

export const revalidate = 3600;
const value = unstable_cache(async () => renderId(), ['action'], { tags: ['acted'] });
async function update(): Promise<void> {
  'use server';
  updateTag('acted');
}
export default async function Action() {
  return <main><p>value={await value()}</p><p>render={renderId()}</p><form action={update}><button type="submit">Update</button></form></main>;
}
