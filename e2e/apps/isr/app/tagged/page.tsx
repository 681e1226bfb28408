import { unstable_cache } from 'next/cache';
import { renderId } from '../../lib';

export const revalidate = 3600;
const value = unstable_cache(async () => renderId(), ['tagged'], { tags: ['things'] });
export default async function Tagged() {
  return <main><p>value={await value()}</p><p>render={renderId()}</p></main>;
}
