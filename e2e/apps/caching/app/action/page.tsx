import { cacheLife, cacheTag, updateTag } from 'next/cache';
import { renderId } from '../../lib';

async function value(): Promise<string> {
  'use cache';
  cacheLife('hours');
  cacheTag('acted');
  return renderId();
}
async function update(): Promise<void> {
  'use server';
  updateTag('acted');
}
export default async function Action() {
  return <main><p>value={await value()}</p><form action={update}><button type="submit">Update</button></form></main>;
}
