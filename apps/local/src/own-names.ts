import { isPrivateAddress } from '@anchor/core/names/private-networks.ts';
import type { Settings } from './settings.ts';
import { isLocalDomain } from './site-urls.ts';

type OwnNamesSettings = Pick<Settings, 'apiDomain' | 'domain' | 'publicAddresses' | 'httpsPort' | 'acmeDirectories'>;

/**
 * Returns the names that the platform itself has certificates for: the API's, the wildcard of the projects' hosts, and
 * the address of a server without a domain. For a private address only a CA that was chosen may issue one.
 */
export function ownNames(settings: OwnNamesSettings): readonly string[] {
  const { apiDomain, domain, publicAddresses, httpsPort, acmeDirectories } = settings;
  if (httpsPort === undefined) return [];
  const local = isLocalDomain(domain);
  const issuable = publicAddresses.filter((each) => acmeDirectories.length > 0 || !isPrivateAddress(each));
  const addresses = local && apiDomain === undefined ? issuable : [];
  return [...(apiDomain === undefined ? [] : [apiDomain]), ...(local ? [] : [`*.${domain}`]), ...addresses];
}
