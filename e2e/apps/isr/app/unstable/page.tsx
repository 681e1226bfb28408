import { unstable_cache } from 'next/cache';
import { headers } from 'next/headers';
import { renderId } from '../../lib';

const short = unstable_cache(async () => renderId(), ['short'], { tags: ['short'], revalidate: 2 });
const long = unstable_cache(async () => renderId(), ['long'], { tags: ['long'], revalidate: 3600 });
/** A page that is made for every request, with parts that are not. */
export default async function Unstable() {
  await headers();
  return <main><p>short={await short()}</p><p>long={await long()}</p><p>render={renderId()}</p></main>;
}
