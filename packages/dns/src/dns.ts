import type { DnsLookup } from '@anchor/core/ports/dns-lookup.ts';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { DnsInspector } from './inspect/dns-inspector.ts';
import type { TxtProvider } from './records/txt-provider.ts';
import { ZoneRecords } from './records/zone-records.ts';
import { ROOT_SERVERS } from './walk/root-servers.ts';
import { ZoneWalk } from './walk/zone-walk.ts';
import { DnsClient, type DnsClientSettings } from './wire/dns-client.ts';
import type { DnsServer } from './wire/exchange.ts';

export type DnsSettings = Readonly<{
  /** The platform's own addresses: they are tried although they may be private. */
  ownAddresses: readonly string[];
  /** Where walks start; the root servers by default. */
  roots?: readonly DnsServer[];
  /** Queried instead of authoritative servers, where a firewall lets nothing else through. */
  resolvers?: readonly DnsServer[];
  /** Validating resolvers for the check of DNSSEC; public ones by default, none switches it off. */
  validators?: readonly DnsServer[];
  /** The provider of each zone, from `readProviders`. */
  providers?: ReadonlyMap<string, TxtProvider>;
  /** Ports other than 53, 80 and 443: for tests. */
  dnsPort?: number;
  httpPort?: number;
  httpsPort?: number;
  client?: Partial<DnsClientSettings>;
  maxInspections?: number;
  dnsTimeMs?: number;
  httpTimeMs?: number;
  pollMs?: number;
}>;

/** Cloudflare's and Quad9's: both validate and explain failures (RFC 8914). */
const PUBLIC_VALIDATORS: readonly DnsServer[] = ['1.1.1.1', '9.9.9.9'].map((address) => ({ address, port: 53 }));
/** With the time for HTTP less than the 15 s that the port promises. */
const DNS_TIME_MS = 9000;
const HTTP_TIME_MS = 5000;
const MAX_INSPECTIONS = 32;
const POLL_MS = 1000;

/** Creates the adapters of the ports DnsLookup and DnsRecords. */
export function createDns(settings: DnsSettings): Readonly<{ lookup: DnsLookup; records: DnsRecords }> {
  const client = new DnsClient(settings.client);
  const own = new Set(settings.ownAddresses);
  const mayContact = (address: string): boolean => own.has(address);
  const walk = new ZoneWalk(client, {
    roots: settings.roots ?? ROOT_SERVERS,
    ...(settings.resolvers === undefined ? {} : { resolvers: settings.resolvers }),
    port: settings.dnsPort ?? 53,
    mayContact,
  });
  const lookup = new DnsInspector(client, walk, {
    httpPort: settings.httpPort ?? 80,
    httpsPort: settings.httpsPort ?? 443,
    timeoutMs: settings.httpTimeMs ?? HTTP_TIME_MS,
    mayContact,
    validators: settings.validators ?? settings.resolvers ?? PUBLIC_VALIDATORS,
    maxInspections: settings.maxInspections ?? MAX_INSPECTIONS,
    dnsTimeMs: settings.dnsTimeMs ?? DNS_TIME_MS,
  });
  return {
    lookup,
    records: new ZoneRecords(settings.providers ?? new Map(), walk, { pollMs: settings.pollMs ?? POLL_MS }),
  };
}
