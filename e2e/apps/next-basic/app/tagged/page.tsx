import { unstable_cache } from 'next/cache';

export const revalidate = 3600;
const stamp = unstable_cache(async () => Math.random().toString(36).slice(2), ['stamp'], { tags: ['stamp'] });
export default async function Tagged() {
  return <main><p>stamp={await stamp()}</p><p>render={Math.random().toString(36).slice(2)}</p></main>;
}
