import { unstable_cache } from 'next/cache';

const stamp = unstable_cache(async () => Date.now(), ['stamp'], { tags: ['stamp'] });

export default async function Stamp() {
  return <main><p>{`stamp=${await stamp()} at=${Date.now()}`}</p></main>;
}
