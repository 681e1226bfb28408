import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { fail, ok } from '@anchor/core/result/result.ts';

export type MemoryDnsRecords = DnsRecords & {
  /** Returns the TXT values of a name. */
  values(name: string): readonly string[];
};

/** Creates records of these zones that are visible at once. */
export function memoryDnsRecords(zones: readonly string[]): MemoryDnsRecords {
  const records = new Map<string, Set<string>>();
  const zoneOf = (name: string): string | undefined =>
    zones
      .filter((zone) => name === zone || name.endsWith(`.${zone}`))
      .toSorted((one, other) => other.length - one.length)[0];
  const noProvider = (name: string) =>
    fail('source_refused', `No DNS provider is configured for ${name}`, 'Configure one.');
  return {
    zoneOf,
    zones: () => zones,
    values: (name) => [...(records.get(name) ?? [])],
    canWrite: async (name) => (zoneOf(name) === undefined ? noProvider(name) : ok(undefined)),
    putTxt: async (name, value) => {
      if (zoneOf(name) === undefined) return noProvider(name);
      records.set(name, (records.get(name) ?? new Set()).add(value));
      return ok(undefined);
    },
    removeTxt: async (name, value) => {
      if (zoneOf(name) === undefined) return noProvider(name);
      records.get(name)?.delete(value);
      return ok(undefined);
    },
    waitUntilVisible: async (name, value) =>
      records.get(name)?.has(value) === true
        ? ok(undefined)
        : fail('not_ready', `The TXT record ${name} is not visible`, 'Retry.'),
  };
}
