import type { DnsInspection, DnsLookup, DnsReport } from '@anchor/core/ports/dns-lookup.ts';

/** What a test sets for a name; the rest of its report is that of a name that leads here. */
type Found = Partial<Omit<DnsReport, 'name' | 'at'>>;

export type MemoryDns = DnsLookup & {
  readonly inspections: readonly DnsInspection[];
  set(name: string, found: Found): void;
  /** Runs before each report, such as to hang or throw. */
  before: (inspection: DnsInspection) => Promise<void>;
};

const HERE = '203.0.113.7';

/** Creates a lookup with the reports that a test sets. A name without one does not exist. */
export function memoryDns(now: () => number): MemoryDns {
  const reports = new Map<string, Found>();
  const inspections: DnsInspection[] = [];
  return {
    inspections,
    before: async () => undefined,
    set: (name, found) => void reports.set(name, found),
    async inspect(inspection) {
      inspections.push(inspection);
      await this.before(inspection);
      const { name } = inspection;
      const found = reports.get(name);
      const nothing = { a: [], aaaa: [], cname: [], ownership: [], addresses: [], faults: [] };
      const base = { name, at: now(), zone: name, servers: ['ns1.example.net'], ...nothing };
      if (found === undefined) return { ...base, exists: false };
      const a = found.a ?? (found.aaaa === undefined && found.cname === undefined ? [HERE] : []);
      const aaaa = found.aaaa ?? [];
      return {
        ...base,
        exists: true,
        addresses: [...a, ...aaaa].map((address) => ({ address, outcome: address === HERE ? 'ours' : 'other' })),
        ...found,
        a,
        aaaa,
      };
    },
  };
}
