import { cached } from '../cached.js';

export const dynamic = 'force-static';

export default async function Page() {
  return <p>data {await cached()}</p>;
}
