import type { Exchange } from '../http1/transport.ts';

/** Next.js's header for "this deployment has no such server action". */
const NOT_FOUND = 'x-nextjs-action-not-found';

/**
 * Implements skew protection for server actions: a page of a removed deployment may call an action that no longer
 * exists. Responds with a reload instead of an error: a redirect without a payload for Next.js's client, or a plain
 * redirect for a form sent without JavaScript. Returns undefined for every other response, also for pages of the
 * deployment that responds, which would reload for ever. `headers` are flat; `customDeploymentId`: the app's own name
 * of the deployment.
 */
export function reloadForStaleAction(
  { req, target, deploymentId }: Exchange,
  customDeploymentId: string | undefined,
  status: number,
  headers: readonly string[],
): Readonly<{ status: number; headers: string[] }> | undefined {
  if (status < 400 || req.method !== 'POST' || target === undefined) return undefined;
  const passed: string[] = [];
  let unknown = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const key = name.toLowerCase();
    if (key === NOT_FOUND) unknown = headers[i + 1] === '1';
    // The same address responds differently once the page is reloaded.
    else if (key !== 'location' && key !== 'cache-control') passed.push(name, headers[i + 1] ?? '');
  }
  const address = target.query === '' ? target.path : `${target.path}?${target.query}`;
  // Never redirects to an address that could be read as another host's.
  if (!unknown || /^\/[/\\]/.test(address)) return undefined;
  passed.push('cache-control', 'no-store');
  if (req.headers['next-action'] === undefined) return { status: 303, headers: [...passed, 'location', address] };
  const named = req.headers['x-deployment-id'];
  if (typeof named !== 'string' || named === deploymentId || named === customDeploymentId) return undefined;
  return { status: 200, headers: [...passed, 'x-action-redirect', `${address.replaceAll(';', '%3B')};replace`] };
}
