import type { Result } from '../result/result.ts';

/**
 * Writes TXT records with a DNS provider (RFC 2136, Cloudflare, Route 53), for dns-01. A name that is an alias (CNAME) is
 * written where the alias leads to. Values are added and removed one by one: other values of the same name stay. Names
 * are absolute, in ASCII, without trailing dot. Errors are `source_unreachable` when the provider does not respond and
 * `source_refused` when it refuses, with its own reason.
 */
export interface DnsRecords {
  /** Returns the zone of a configured provider that contains `name`; undefined when no provider does. */
  zoneOf(name: string): string | undefined;
  /** Returns the zones of the configured providers. */
  zones(): readonly string[];
  /** Checks that a provider is configured for the zone of `name`, or of what it is an alias of. */
  canWrite(name: string): Promise<Result<void>>;
  /** Adds a value; one that is present already is no error. TTL 60 s, or the provider's minimum. */
  putTxt(name: string, value: string): Promise<Result<void>>;
  /** Removes a value; an absent one is no error. */
  removeTxt(name: string, value: string): Promise<Result<void>>;
  /** Resolves when every authoritative server of the zone returns the value; `not_ready` after `withinMs`. */
  waitUntilVisible(name: string, value: string, withinMs: number, signal?: AbortSignal): Promise<Result<void>>;
}
