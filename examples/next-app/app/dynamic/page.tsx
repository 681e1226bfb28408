import type { Metadata } from 'next';
import { cookies, headers } from 'next/headers';
import { Suspense } from 'react';
import { platform } from '@/lib/platform';

export const metadata: Metadata = { title: 'Dynamic' };

export default async function Dynamic() {
  const request = await headers();
  const jar = await cookies();
  const now = platform();
  return (
    <>
      <h1>Made for this request</h1>
      <p className="lead">Rendered on the server, now, from what the request says.</p>
      <dl className="facts">
        <dt>Rendered</dt><dd><time data-testid="rendered">{new Date().toISOString()}</time></dd>
        <dt>Host</dt><dd>{request.get('x-forwarded-host') ?? request.get('host')}</dd>
        <dt>Browser</dt><dd>{request.get('user-agent') ?? 'unknown'}</dd>
        <dt>Cookies</dt><dd>{jar.getAll().map((cookie) => cookie.name).join(', ') || 'none'}</dd>
        <dt>Request id</dt><dd>{request.get('x-request-id') ?? 'none'}</dd>
        <dt>Environment</dt><dd>{now.environment}</dd>
        <dt>Deployment</dt><dd>{now.deploymentId}</dd>
        <dt>Commit</dt><dd>{now.commit}</dd>
      </dl>
      <Suspense fallback={<p className="soft">The tide table is on its way…</p>}><Tide /></Suspense>
    </>
  );
}

/** Comes half a second after the rest of the page, in the same response: shows that nothing on the way holds a stream back. */
async function Tide() {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return <p data-testid="tide">High water at 14:07, streamed half a second later.</p>;
}
