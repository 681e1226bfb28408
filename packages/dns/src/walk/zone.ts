import type { DnsServer } from '../wire/exchange.ts';
import type { DnsMessage, DnsRecord } from '../wire/message.ts';
import { dnsName, isWithin } from '../wire/names.ts';

/** A name server of a zone and where it can be reached; without addresses when its name does not resolve. */
export type NameServer = Readonly<{ host: string; addresses: readonly DnsServer[] }>;
/** A zone and the servers that its parent delegates it to. `recursive`: they are resolvers, and speak for every name. */
export type Zone = Readonly<{ name: string; servers: readonly NameServer[]; recursive?: true }>;

/** The servers of a zone as one message names them: addresses only where the message may speak for them. */
export type Delegation = Readonly<{ zone: string; hosts: readonly string[]; glue: ReadonlyMap<string, string[]> }>;

/** Zones have 13 servers at most by custom; more than these bring no further truth. */
const SERVER_LIMIT = 8;
const ADDRESS_LIMIT = 4;

/**
 * Returns the delegation in a response from a server of `from` about `target`; undefined when the response has none. A
 * server may only delegate what is below its own zone.
 */
export function delegationIn(message: DnsMessage, from: string, target: string): Delegation | undefined {
  if (message.rcode !== 'NOERROR') return undefined;
  const own = message.records.filter((record) => record.type === 'NS' && record.name === target);
  const section = own.length > 0 ? own : message.authoritative ? [] : message.authorities;
  const records = section.filter((record) => record.type === 'NS');
  const zone = records[0]?.name;
  if (zone === undefined || zone === from || !isWithin(zone, from) || !isWithin(target, zone)) return undefined;
  const hosts = records.flatMap((record) => {
    const host = record.type === 'NS' && record.name === zone ? dnsName(record.data) : undefined;
    return host === undefined || host === '' ? [] : [host];
  });
  const named = [...new Set(hosts)].slice(0, SERVER_LIMIT);
  return { zone, hosts: named, glue: glueOf(message.additionals, named, from) };
}

/** Addresses of servers inside the target zone only: for other names its servers have no say. */
function glueOf(
  additionals: readonly DnsRecord[],
  hosts: readonly string[],
  from: string,
): ReadonlyMap<string, string[]> {
  const glue = new Map<string, string[]>();
  for (const record of additionals) {
    if ((record.type !== 'A' && record.type !== 'AAAA') || !hosts.includes(record.name)) continue;
    if (!isWithin(record.name, from)) continue;
    const known = glue.get(record.name) ?? [];
    if (known.length < ADDRESS_LIMIT) glue.set(record.name, [...known, record.data]);
  }
  return glue;
}
