import type { DnsFault } from '@anchor/core/ports/dns-lookup.ts';
import type { DnsFailure } from '../wire/exchange.ts';

/** Why a zone's server was of no use. `lame`: it responds, but not for this zone. `budget`: the bound was reached before. */
export type WalkFailure = Readonly<{
  kind: DnsFailure | 'lame' | 'servfail' | 'budget';
  zone: string;
  server?: string;
  address?: string;
}>;

const KINDS: Readonly<Record<WalkFailure['kind'], readonly [DnsFault['kind'], string]>> = {
  timeout: ['timeout', 'did not respond in time'],
  refused: ['refused', 'refused the connection'],
  unreachable: ['timeout', 'has no address that can be reached'],
  malformed: ['malformed', 'sent a malformed response'],
  too_large: ['malformed', 'sent a response of more than 16 KB'],
  lame: ['lame', 'responds, but is not authoritative for the zone'],
  servfail: ['servfail', 'failed (SERVFAIL)'],
  budget: ['timeout', 'was not queried: the lookup took too long'],
};

/** Describes a failure for the domain's user. */
export function faultOf({ kind, zone, server, address }: WalkFailure): DnsFault {
  const [fault, text] = KINDS[kind];
  const zoneText = zone === '' ? 'the root zone' : zone;
  if (server === undefined) return { kind: fault, text: `No server of ${zoneText} responded: the last one ${text}` };
  const where = address === undefined || address === server ? server : `${server} (${address})`;
  return { kind: fault, server, text: `${where}, a server of ${zoneText}, ${text}` };
}
