import { Suspense } from 'react';
import { released } from '../../lib/gate';

export const dynamic = 'force-dynamic';
async function Slow() {
  await released();
  return <p>the slow part</p>;
}
export default function Stream() {
  return <main><p>the quick part</p><Suspense fallback={<p>waiting</p>}><Slow /></Suspense></main>;
}
