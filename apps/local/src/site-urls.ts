import { isPrivateAddress } from '@anchor/core/names/private-networks.ts';
import type { Settings } from './settings.ts';

type UrlSettings = Pick<Settings, 'domain' | 'edgePort' | 'httpsPort' | 'publicAddresses'>;

/** Returns whether the projects' hosts are names of this machine alone, which no public CA issues for. */
export const isLocalDomain = (domain: string): boolean => domain === 'localhost' || domain.endsWith('.localhost');

/**
 * Returns the address of a host, so that it works: over HTTPS only while the edge serves a valid certificate. Those of
 * the local CA do not count, because clients do not trust it by themselves.
 */
export function urlOf(
  { domain, edgePort, httpsPort, publicAddresses }: UrlSettings,
  host: string,
  served: Readonly<{ covers(host: string): boolean }>,
): string {
  const isOwn = host === domain || host.endsWith(`.${domain}`);
  const isLocal = isOwn && isLocalDomain(domain);
  if (httpsPort !== undefined && !isLocal && served.covers(host)) return at('https', host, httpsPort, 443);
  // The internet reaches a domain on port 80, wherever a router passes that on to: its DNS is checked there.
  const isForwarded = !isOwn && publicAddresses.some((address) => !isPrivateAddress(address));
  return at('http', host, isForwarded ? 80 : edgePort, 80);
}

/** Returns the address of API, git remote and webhooks: under its own name only while that has a certificate. */
export function publicUrlOf(
  { host, apiPort, apiDomain, httpsPort }: Pick<Settings, 'host' | 'apiPort' | 'apiDomain' | 'httpsPort'>,
  served: Readonly<{ covers(host: string): boolean }>,
): string {
  if (apiDomain !== undefined && httpsPort !== undefined && served.covers(apiDomain))
    return at('https', apiDomain, httpsPort, 443);
  return `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${apiPort}`;
}

const at = (scheme: string, host: string, port: number, usual: number): string =>
  `${scheme}://${host}${port === usual ? '' : `:${port}`}`;
