import { cacheLife, cacheTag } from 'next/cache';
import { renderId } from '../../lib';

export default async function Static() {
  'use cache';
  cacheLife('hours');
  cacheTag('static');
  return <main><p>render={renderId()}</p></main>;
}
