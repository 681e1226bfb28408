import type { Ports } from '../ports/ports.ts';
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

/** Publishes the table of domains to the edge, with the name of the API. */
export const publishDomains =
  ({ domains, served, clock, site }: Pick<Ports, 'domains' | 'served' | 'clock' | 'site'>) =>
  async (): Promise<void> => {
    const { apiDomain: name } = site;
    const own = name === undefined ? [] : [{ name, httpsOnly: true, hstsSeconds: 0 }];
    await served.setDomains([...own, ...servedDomains(await domains.holders(), clock.now())]);
  };
