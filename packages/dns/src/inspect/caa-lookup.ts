import type { CaaRecord, DnsFault, DnsReport } from '@anchor/core/ports/dns-lookup.ts';
import type { Budget } from '../walk/budget.ts';
import { faultOf } from '../walk/walk-failure.ts';
import type { ZoneWalk } from '../walk/zone-walk.ts';
import type { DnsMessage } from '../wire/message.ts';
import { dnsName, parentOf } from '../wire/names.ts';

export type CaaLookup = Readonly<{ caa?: NonNullable<DnsReport['caa']>; faults: readonly DnsFault[] }>;

const CHAIN_LIMIT = 8;
const RECORD_LIMIT = 32;
const VALUE_LIMIT = 500;
const CRITICAL = 128;

/**
 * Returns the CAA set that a CA applies to a name: the closest one at or above it (RFC 8659). A CA treats a failed
 * lookup as a refusal, so climbing ends there.
 */
export async function lookUpCaa(walk: ZoneWalk, name: string, budget: Budget): Promise<CaaLookup> {
  for (let at = name.replace(/^\*\./, ''); at !== ''; at = parentOf(at)) {
    const found = await caaAt(walk, at, budget);
    if ('fault' in found) return { faults: [found.fault] };
    if (found.records.length > 0) return { caa: found, faults: [] };
  }
  return { faults: [] };
}

/** Returns the set of one name and where it is set. An alias is followed, but not climbed from. */
async function caaAt(
  walk: ZoneWalk,
  at: string,
  budget: Budget,
): Promise<NonNullable<DnsReport['caa']> | Readonly<{ fault: DnsFault }>> {
  let name = at;
  for (let links = 0; links <= CHAIN_LIMIT; links++) {
    const zone = await walk.zoneOf(name, budget);
    const response = zone.ok ? await walk.queryZone(zone.value, { name, type: 'CAA' }, budget) : zone;
    if (!response.ok) return { fault: faultOf(response.error) };
    const records = recordsIn(response.value, name);
    const alias = response.value.records.find((record) => record.type === 'CNAME' && record.name === name);
    if (records.length > 0 || alias?.type !== 'CNAME') return { at: name, records };
    const target = dnsName(alias.data);
    if (target === undefined) return { at: name, records: [] };
    name = target;
  }
  return { fault: { kind: 'malformed', text: `The aliases of ${at} do not end` } };
}

const recordsIn = (message: DnsMessage, name: string): readonly CaaRecord[] =>
  message.records
    .flatMap((record) => {
      if (record.type !== 'CAA' || record.name !== name) return [];
      const { flags = 0, tag, value } = record.data;
      return [{ critical: (flags & CRITICAL) !== 0, tag: printable(tag.toLowerCase()), value: printable(value) }];
    })
    .slice(0, RECORD_LIMIT);

const printable = (text: string): string => text.slice(0, VALUE_LIMIT).replace(/[^\x20-\x7e]/g, '·');
