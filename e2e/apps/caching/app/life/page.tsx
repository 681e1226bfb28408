import { cacheLife } from 'next/cache';
import { renderId } from '../../lib';

export default async function Life() {
  'use cache';
  cacheLife('brief');
  const id = renderId();
  console.log(`rendered /life ${id}`);
  return <main><p>render={id}</p></main>;
}
