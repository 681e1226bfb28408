import { isIP } from 'node:net';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/**
 * Checks whether the API may be reached under this name: an address, localhost, or an allowed name. A page of another
 * site whose name points at this machine (DNS rebinding) would otherwise reach the API as one of its own origin.
 * Addresses need no list, because no name misled a browser that connects to one.
 */
export function checkHost(host: string | undefined, allowed: readonly string[]): Result<void> {
  const name = nameIn(host ?? '');
  if (isIP(name) !== 0 || name === 'localhost' || allowed.some((each) => each.toLowerCase() === name))
    return ok(undefined);
  return fail(
    'forbidden',
    'The API is not reached under this host name',
    'Allow the name: ./up --api-host NAME',
    `Host: ${name.slice(0, 100)}`,
  );
}

/** Returns the host name without port, brackets and a dot at the end. */
function nameIn(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host);
  if (bracketed !== null) return bracketed[1] ?? '';
  return host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
}
