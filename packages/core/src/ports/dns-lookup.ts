import type { DomainName } from '../names/name.ts';

/**
 * Why a part of a lookup has no result. `dnssec`: validating resolvers refuse the zone (SERVFAIL with validation,
 * NOERROR with checking disabled). `lame`: a listed server is not authoritative for the zone. `disagree`: the servers
 * return different records, as while one of them has an older version of the zone. `text` is for users, with
 * the server's name.
 */
export type DnsFault = Readonly<{
  kind: 'timeout' | 'refused' | 'servfail' | 'dnssec' | 'lame' | 'disagree' | 'malformed';
  server?: string;
  text: string;
}>;

/** One record of CAA (RFC 8659), as it is set: `value` is the CA's domain with its parameters. */
export type CaaRecord = Readonly<{ critical: boolean; tag: string; value: string }>;

/**
 * What a request for our own token returned at one address. `ours`: this installation. `other`: another server, or one
 * of ours that does not know the token. `private`: an address that the public internet cannot reach; it is not tried.
 */
export type AddressOutcome = 'ours' | 'other' | 'redirected' | 'refused' | 'timeout' | 'unreachable' | 'private';

export type AddressCheck = Readonly<{
  address: string;
  outcome: AddressOutcome;
  /** The status of the response, and its `server` and `location` headers, cut to 200 printable characters. */
  status?: number;
  server?: string;
  location?: string;
  /** The known CDN or proxy that owns the address or signed the response, such as `Cloudflare`. */
  cdn?: string;
}>;

/** What the authoritative servers say of a name, and what is behind its addresses. */
export type DnsReport = Readonly<{
  name: DomainName;
  at: number;
  /** The zone that the name is in, and the authoritative servers that responded; empty when there are none. */
  zone?: string;
  servers: readonly string[];
  /** False: NXDOMAIN. */
  exists: boolean;
  /** Addresses at the end of `cname`, in canonical spelling (RFC 5952). For a wildcard: of a random name below it. */
  a: readonly string[];
  aaaa: readonly string[];
  /** The chain of aliases in its order, without the name itself. */
  cname: readonly string[];
  /** The CAA set that applies (RFC 8659: the closest at or above the name), and where it is set. */
  caa?: Readonly<{ at: string; records: readonly CaaRecord[] }>;
  /** TXT values at `ownership` of the request. */
  ownership: readonly string[];
  /** One for each address of `a` and `aaaa`, in their order; empty for a wildcard. */
  addresses: readonly AddressCheck[];
  /** The CDN by name, address or response; absent when none is known. */
  cdn?: string;
  /** What failed. A report with faults is still complete in every other part. */
  faults: readonly DnsFault[];
}>;

/**
 * A request for a report. `path` is requested at each address by plain HTTP with `Host: name`; a body that equals
 * `token` means `ours`. `ownership` is the name of the TXT record, `_anchor.<registered domain>`.
 */
export type DnsInspection = Readonly<{ name: DomainName; ownership: string; path: string; token: string }>;

/**
 * Looks a name up at its authoritative servers, without the caches of a resolver, so that a change is seen at once.
 * Never rejects: what cannot be looked up is a fault in the report. Takes at most 15 s for hostile servers too.
 */
export interface DnsLookup {
  /** Returns everything that decides whether the name leads to this installation. */
  inspect(inspection: DnsInspection, signal?: AbortSignal): Promise<DnsReport>;
}
