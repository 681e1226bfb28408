import { lookup } from 'node:dns/promises';
import { isPrivateAddress } from '@anchor/core/names/private-networks.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/**
 * How a git host may be reached: `sandbox` with these private blocks opened, or `machine` when it is this machine's own
 * loopback. `addresses` are those that were checked. A connection outside a sandbox must use them, because the name may
 * resolve differently a moment later.
 */
export type HostAccess = Readonly<
  | { via: 'sandbox'; allow: readonly string[]; addresses: readonly string[] }
  | { via: 'machine'; addresses: readonly string[] }
>;

/**
 * Resolves a host name and refuses private addresses that are not allowed. The sandbox's firewall checks again, against
 * names that change in between.
 */
export async function resolveAllowedHost(
  host: string,
  allowHosts: readonly string[],
  resolve: (host: string) => Promise<readonly string[]> = lookupAddresses,
): Promise<Result<HostAccess>> {
  const allowed = allowHosts.some((name) => name.toLowerCase() === host);
  const found = await resolve(host).catch(() => []);
  if (found.length === 0)
    return fail(
      'source_unreachable',
      `The git host ${host} was not found`,
      'Check the repository address, and that this machine can resolve the name.',
    );
  const inner = found.filter(isPrivateAddress);
  if (inner.length === 0) return ok({ via: 'sandbox', allow: [], addresses: found });
  if (!allowed)
    return fail(
      'source_refused',
      `The git host ${host} is in a private network`,
      'Use a public address, or ask the operator to allow this host (./up --allow-git-host).',
      `It resolves to ${inner[0]}.`,
    );
  // A network namespace has its own loopback: no rule can lead out of it to the machine's.
  if (inner.some((address) => address.startsWith('127.') || address === '::1'))
    return ok({ via: 'machine', addresses: found });
  return ok({
    via: 'sandbox',
    allow: inner.map((address) => `${address}/${address.includes(':') ? 128 : 32}`),
    addresses: found,
  });
}

const lookupAddresses = async (host: string): Promise<readonly string[]> =>
  (await lookup(host, { all: true })).map((entry) => entry.address);
