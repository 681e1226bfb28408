import type { AddressCheck, DnsReport } from '../ports/dns-lookup.ts';
import type { DomainStep } from './domain.ts';

/** What a CDN has to be told, by the name in a report. `off`: how to take it out of the way of one name. */
const CDNS: Readonly<Record<string, Readonly<{ origin: string; off: string }>>> = {
  Cloudflare: {
    origin: 'In Cloudflare, set SSL/TLS to Full and turn "Always Use HTTPS" off until the certificate is issued',
    off: 'set the record to "DNS only" (grey cloud)',
  },
  CloudFront: {
    origin: 'In CloudFront, let the viewer protocol policy allow HTTP for /.well-known/* and forward the Host header',
    off: 'point the name at this server instead of the distribution',
  },
  Fastly: {
    origin: 'In Fastly, pass /.well-known/ on to this server over HTTP, without "Force TLS"',
    off: 'point the name at this server instead of the service',
  },
  Akamai: {
    origin: 'In Akamai, pass /.well-known/ on to this server over HTTP, uncached',
    off: 'point the name at this server instead of the edge host name',
  },
  Vercel: {
    origin: 'Remove the domain from the Vercel project',
    off: 'point the name at this server',
  },
  Netlify: {
    origin: 'Remove the domain from the Netlify site',
    off: 'point the name at this server',
  },
};

/** Judges a name whose CDN does not lead here. `records`: what to set without the CDN. */
export function cdnAdvice(
  { name }: DnsReport,
  cdn: string,
  check: AddressCheck,
  records: readonly DomainStep[],
): Readonly<{ reason: string; steps: readonly DomainStep[] }> {
  const known = CDNS[cdn];
  const how =
    check.outcome === 'redirected' ? `redirects to ${check.location ?? 'https'}` : 'does not pass requests on';
  return {
    reason: `${name} is behind ${cdn}, which ${how} instead of reaching this server`,
    steps: [
      {
        text:
          known === undefined
            ? `Let ${cdn} pass /.well-known/ on to this server over HTTP, or point the name at this server.`
            : `${known.origin}, or ${known.off}.`,
      },
      ...records,
    ],
  };
}

/** Returns what an owner should know of a CDN that leads here: encryption towards this server is the CDN's choice. */
export const cdnNote = (cdn: string | undefined): string =>
  cdn === undefined ? '' : `, behind ${cdn}${cdn === 'Cloudflare' ? ': set SSL to Full (strict)' : ''}`;
