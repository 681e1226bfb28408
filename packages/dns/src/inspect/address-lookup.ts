import ipaddr from 'ipaddr.js';
import type { DnsFault } from '@anchor/core/ports/dns-lookup.ts';
import { queryAll, type ServerResponse } from '../walk/query-all.ts';
import type { Budget } from '../walk/budget.ts';
import { faultOf } from '../walk/walk-failure.ts';
import type { ZoneWalk } from '../walk/zone-walk.ts';
import { dnsName } from '../wire/names.ts';

export type AddressLookup = Readonly<{
  zone?: string;
  servers: readonly string[];
  exists: boolean;
  a: readonly string[];
  aaaa: readonly string[];
  cname: readonly string[];
  faults: readonly DnsFault[];
}>;

/** As many links as common resolvers follow. */
const CHAIN_LIMIT = 8;
/** Addresses of one family that are kept; each is tried over HTTP. */
const ADDRESS_LIMIT = 8;

/** What all servers of one link of the chain say together. */
type Link = Readonly<{ report: Omit<AddressLookup, 'cname'>; alias?: string }>;

/** Follows a name to its addresses, at every authoritative server of every zone on the way. */
export async function lookUpAddresses(walk: ZoneWalk, name: string, budget: Budget): Promise<AddressLookup> {
  const cname: string[] = [];
  const faults: DnsFault[] = [];
  let first: Link['report'] | undefined;
  let current = name;
  for (;;) {
    const { report, alias } = await lookUpLink(walk, current, budget);
    first ??= report;
    faults.push(...report.faults);
    if (alias === undefined) return { ...first, a: report.a, aaaa: report.aaaa, cname, faults };
    const loops = alias === name || cname.includes(alias);
    if (loops || cname.length === CHAIN_LIMIT) {
      const text = loops ? `The aliases of ${name} form a loop` : `${name} has more than ${CHAIN_LIMIT} aliases`;
      return { ...first, a: [], aaaa: [], cname, faults: [...faults, { kind: 'malformed', text }] };
    }
    cname.push(alias);
    current = alias;
  }
}

async function lookUpLink(walk: ZoneWalk, name: string, budget: Budget): Promise<Link> {
  const zone = await walk.zoneOf(name, budget);
  if (!zone.ok) return { report: { servers: [], exists: false, a: [], aaaa: [], faults: [faultOf(zone.error)] } };
  const [v4, v6] = await Promise.all([
    queryAll(walk, zone.value, { name, type: 'A' }, budget),
    queryAll(walk, zone.value, { name, type: 'AAAA' }, budget),
  ]);
  const responses = [...v4.responses, ...v6.responses];
  const alias = responses.flatMap(({ message }) => aliasIn(message, name))[0];
  return {
    report: {
      ...(zone.value.recursive === true ? {} : { zone: zone.value.name }),
      servers: [...new Set(responses.map(({ server }) => server))].sort(),
      exists: responses.some(({ message }) => message.rcode === 'NOERROR'),
      a: addressesIn(v4.responses, name, 'A'),
      aaaa: addressesIn(v6.responses, name, 'AAAA'),
      faults: [...v4.faults, ...v6.faults, ...disagreement(name, v4.responses), ...disagreement(name, v6.responses)],
    },
    ...(alias === undefined ? {} : { alias }),
  };
}

function aliasIn(message: ServerResponse['message'], name: string): readonly string[] {
  return message.records.flatMap((record) => {
    const target = record.type === 'CNAME' && record.name === name ? dnsName(record.data) : undefined;
    return target === undefined ? [] : [target];
  });
}

/** Returns the addresses that any server returns: a client may get those of any. */
function addressesIn(responses: readonly ServerResponse[], name: string, type: 'A' | 'AAAA'): readonly string[] {
  const found = responses.flatMap(({ message }) =>
    message.records.flatMap((record) => (record.type === type && record.name === name ? [canonical(record.data)] : [])),
  );
  return [...new Set(found)].sort().slice(0, ADDRESS_LIMIT);
}

/** Spells an address as RFC 5952 says. */
function canonical(address: string): string {
  const parsed = ipaddr.parse(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
}

/** Returns a fault when the servers of a zone do not say the same, as while one of them has an older version of it. */
function disagreement(name: string, responses: readonly ServerResponse[]): readonly DnsFault[] {
  const byContent = new Map<string, string[]>();
  for (const { server, message } of responses) {
    const records = message.records.flatMap((record) =>
      record.type === 'A' || record.type === 'AAAA' || record.type === 'CNAME'
        ? [`${record.name} ${record.type} ${record.data.toLowerCase()}`]
        : [],
    );
    const content = JSON.stringify([message.rcode, records.sort()]);
    byContent.set(content, [...(byContent.get(content) ?? []), server]);
  }
  if (byContent.size < 2) return [];
  const [fewest = []] = [...byContent.values()].sort((one, other) => one.length - other.length);
  const [server = ''] = fewest;
  const text = `The authoritative servers of ${name} disagree: ${fewest.join(', ')} differs from the others`;
  return [{ kind: 'disagree', server, text }];
}
