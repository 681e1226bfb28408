import { Suspense } from 'react';

export const dynamic = 'force-dynamic';
async function Slow() {
  await new Promise((resolve) => setTimeout(resolve, 400));
  return <p>the slow part</p>;
}
export default function Stream() {
  return <main><p>the quick part</p><Suspense fallback={<p>waiting</p>}><Slow /></Suspense></main>;
}
