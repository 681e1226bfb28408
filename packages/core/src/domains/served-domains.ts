import type { Ports, Site } from '../ports/ports.ts';
import type { ServedDomain } from '../ports/served-certificates.ts';
import type { Domain } from './domain.ts';

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/**
 * Returns how the edge serves the domains. Strict-Transport-Security stays off until a certificate was renewed once:
 * until then a mistake could lock visitors out of a site for a year.
 */
export const servedDomains = (holders: readonly Domain[], now: number): readonly ServedDomain[] =>
  holders
    .filter(({ state }) => state !== 'pending' && state !== 'unverified' && state !== 'removed')
    .map(({ name, target, certificate }) => {
      const secure = certificate !== undefined && certificate.notAfter > now;
      return {
        name,
        ...(target.kind === 'redirect' ? { redirectTo: target.to } : {}),
        httpsOnly: secure,
        hstsSeconds: secure && certificate.renewals > 0 ? YEAR_SECONDS : 0,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Publishes the table of domains to the edge, with the platform's own names. */
export const publishDomains =
  ({ domains, served, clock, site }: Pick<Ports, 'domains' | 'served' | 'clock' | 'site'>) =>
  async (): Promise<void> => {
    await served.setDomains([...ownDomains(site), ...servedDomains(await domains.holders(), clock.now())]);
  };

/**
 * The names of the API and of the projects' hosts. No project's domain is among them, so HSTS stays off for good: a
 * platform that loses its certificate must stay reachable over plain HTTP.
 */
const ownDomains = ({ apiDomain, domain, ownHttps = false }: Site): readonly ServedDomain[] =>
  [...(apiDomain === undefined ? [] : [apiDomain]), ...(ownHttps ? [`*.${domain}`] : [])].map((name) => ({
    name,
    httpsOnly: true,
    hstsSeconds: 0,
  }));
