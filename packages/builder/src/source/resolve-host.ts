import { lookup } from 'node:dns/promises';
import { isPrivateAddress } from '@anchor/core/projects/repository-url.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/**
 * How a git host may be reached: `sandbox` with these private blocks opened, or `machine` when it is this machine's own
 * loopback. `addresses` are those that were judged: whoever connects beside a sandbox connects to them, because the name
 * may have another answer a moment later.
 */
export type Reach = Readonly<{ via: 'sandbox'; allow: readonly string[]; addresses: readonly string[] } | { via: 'machine'; addresses: readonly string[] }>;

/** Judges what a host name resolves to now. The sandbox's network holds the same line again, against names that change in between. */
export async function reachOf(host: string, allowHosts: readonly string[], resolve: (host: string) => Promise<readonly string[]> = addresses): Promise<Result<Reach>> {
  const allowed = allowHosts.some((name) => name.toLowerCase() === host);
  const found = await resolve(host).catch(() => []);
  if (found.length === 0) return fail('source_unreachable', `The git host ${host} was not found`, 'Check the repository address, and that this machine resolves the name.');
  const inner = found.filter(isPrivateAddress);
  if (inner.length === 0) return ok({ via: 'sandbox', allow: [], addresses: found });
  if (!allowed) return fail('source_refused', `The git host ${host} is in a private network`, 'Use a public address, or have the operator add this host to the list of allowed git hosts.', `It resolves to ${inner[0]}.`);
  // A network namespace has its own loopback: no rule can lead out of it to the machine's.
  if (inner.some((address) => address.startsWith('127.') || address === '::1')) return ok({ via: 'machine', addresses: found });
  return ok({ via: 'sandbox', allow: inner.map((address) => `${address}/${address.includes(':') ? 128 : 32}`), addresses: found });
}

const addresses = async (host: string): Promise<readonly string[]> => (await lookup(host, { all: true })).map((entry) => entry.address);
