import type { Exchange } from '../exchange.ts';

/** Next's own word for "this deployment has no such server action". */
const NOT_FOUND = 'x-nextjs-action-not-found';

/**
 * A tab that is older than what is kept calls a server action that is gone. Instead of an error it gets the order to load
 * its page anew: what Next's client makes of a redirect without a payload, or a plain redirect for a form that was sent
 * without JavaScript. Undefined for every other answer, also for a tab of the very deployment that answers, which would
 * load the same page for ever. `headers` are flat; `ownId`: what the app calls this deployment, if it chose a name.
 */
export function reloadsOldTab({ req, target, deploymentId }: Exchange, ownId: string | undefined, status: number, headers: readonly string[]): Readonly<{ status: number; headers: string[] }> | undefined {
  if (status < 400 || req.method !== 'POST' || target === undefined) return undefined;
  const kept: string[] = [];
  let unknown = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const key = name.toLowerCase();
    if (key === NOT_FOUND) unknown = headers[i + 1] === '1';
    // The same address answers differently once the page is new.
    else if (key !== 'location' && key !== 'cache-control') kept.push(name, headers[i + 1] ?? '');
  }
  const address = target.query === '' ? target.path : `${target.path}?${target.query}`;
  // An address that could be read as another host's is not led to.
  if (!unknown || /^\/[/\\]/.test(address)) return undefined;
  kept.push('cache-control', 'no-store');
  if (req.headers['next-action'] === undefined) return { status: 303, headers: [...kept, 'location', address] };
  const named = req.headers['x-deployment-id'];
  if (typeof named !== 'string' || named === deploymentId || named === ownId) return undefined;
  return { status: 200, headers: [...kept, 'x-action-redirect', `${address.replaceAll(';', '%3B')};replace`] };
}
