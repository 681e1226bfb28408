import { dnsName } from '../wire/names.ts';
import type { Budget } from './budget.ts';
import type { ZoneWalk } from './zone-walk.ts';

/** As many links as common resolvers follow. */
const CHAIN_LIMIT = 8;

/**
 * Returns the name at the end of a chain of CNAME records; the name itself when it is no alias, or cannot be looked up. A
 * loop ends at one of its names.
 */
export async function followAliases(walk: ZoneWalk, name: string, budget: Budget): Promise<string> {
  let current = name;
  for (let links = 0; links < CHAIN_LIMIT; links++) {
    const zone = await walk.zoneOf(current, budget);
    const response = zone.ok ? await walk.queryZone(zone.value, { name: current, type: 'TXT' }, budget) : zone;
    const records = response.ok ? response.value.records : [];
    const alias = records.find((record) => record.type === 'CNAME' && record.name === current);
    const target = alias?.type === 'CNAME' ? dnsName(alias.data) : undefined;
    if (target === undefined || target === '') return current;
    current = target;
  }
  return current;
}
