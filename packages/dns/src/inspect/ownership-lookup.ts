import type { DnsFault } from '@anchor/core/ports/dns-lookup.ts';
import { queryAll, txtValues } from '../walk/query-all.ts';
import type { Budget } from '../walk/budget.ts';
import { faultOf } from '../walk/walk-failure.ts';
import type { ZoneWalk } from '../walk/zone-walk.ts';

const VALUE_LIMIT = 20;

/**
 * Returns the TXT values that every responding server of the zone has: one server alone may be a delegation left over
 * from an old provider, which a stranger now owns.
 */
export async function lookUpOwnership(
  walk: ZoneWalk,
  name: string,
  budget: Budget,
): Promise<Readonly<{ values: readonly string[]; faults: readonly DnsFault[] }>> {
  const zone = await walk.zoneOf(name, budget);
  if (!zone.ok) return { values: [], faults: [faultOf(zone.error)] };
  const { responses, faults } = await queryAll(walk, zone.value, { name, type: 'TXT' }, budget);
  const [first = [], ...others] = responses.map(({ message }) => txtValues(message, name));
  const shared = first.filter((value) => others.every((values) => values.includes(value)));
  return { values: [...new Set(shared)].sort().slice(0, VALUE_LIMIT), faults };
}
