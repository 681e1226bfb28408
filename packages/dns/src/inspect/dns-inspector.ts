import { randomBytes } from 'node:crypto';
import type { DnsFault, DnsInspection, DnsLookup, DnsReport } from '@anchor/core/ports/dns-lookup.ts';
import { Budget } from '../walk/budget.ts';
import type { ZoneWalk } from '../walk/zone-walk.ts';
import type { DnsClient } from '../wire/dns-client.ts';
import type { DnsServer } from '../wire/exchange.ts';
import { Semaphore } from '../wire/semaphore.ts';
import { checkAddress, type AddressCheckSettings } from './address-check.ts';
import { lookUpAddresses } from './address-lookup.ts';
import { lookUpCaa } from './caa-lookup.ts';
import { checkDnssec } from './dnssec-check.ts';
import { cdnOfAliases } from './known-cdns.ts';
import { lookUpOwnership } from './ownership-lookup.ts';

export type InspectorSettings = AddressCheckSettings &
  Readonly<{
    /** Resolvers that validate, for the check of DNSSEC; none switches it off. */
    validators: readonly DnsServer[];
    /** Inspections at the same time; the others wait. */
    maxInspections: number;
    /** Bound on the DNS part of one inspection, in milliseconds. */
    dnsTimeMs: number;
  }>;

/** Queries of one part of an inspection. An ordinary name needs about twenty in all. */
const QUERY_LIMIT = 120;
const FAULT_LIMIT = 20;

/** Looks names up at their authoritative servers and tries what they lead to (the port says what it returns). */
export class DnsInspector implements DnsLookup {
  readonly #client: DnsClient;
  readonly #walk: ZoneWalk;
  readonly #settings: InspectorSettings;
  readonly #running: Semaphore;

  constructor(client: DnsClient, walk: ZoneWalk, settings: InspectorSettings) {
    this.#client = client;
    this.#walk = walk;
    this.#settings = settings;
    this.#running = new Semaphore(settings.maxInspections);
  }

  inspect(inspection: DnsInspection, signal?: AbortSignal): Promise<DnsReport> {
    return this.#running.run(() => this.#inspect(inspection, signal));
  }

  async #inspect(inspection: DnsInspection, signal: AbortSignal | undefined): Promise<DnsReport> {
    const at = Date.now();
    const wildcard = inspection.name.startsWith('*.');
    // A wildcard has no addresses itself; a name that is surely unset shows what it leads to.
    const target = wildcard
      ? inspection.name.replace('*', `anchor-${randomBytes(8).toString('hex')}`)
      : inspection.name;
    const budget = (): Budget => new Budget(QUERY_LIMIT, this.#settings.dnsTimeMs, signal);
    const [found, caa, ownership, dnssec] = await Promise.all([
      lookUpAddresses(this.#walk, target, budget()),
      lookUpCaa(this.#walk, inspection.name, budget()),
      lookUpOwnership(this.#walk, inspection.ownership, budget()),
      checkDnssec(this.#client, this.#settings.validators, target, budget()),
    ]);
    const tried = wildcard ? [] : [...found.a, ...found.aaaa];
    const addresses = await Promise.all(
      tried.map((address) => checkAddress(address, inspection, this.#settings, signal)),
    );
    const cdn = cdnOfAliases(found.cname) ?? addresses.find((check) => check.cdn !== undefined)?.cdn;
    return {
      ...found,
      name: inspection.name,
      at,
      ...(caa.caa === undefined ? {} : { caa: caa.caa }),
      ownership: ownership.values,
      addresses,
      ...(cdn === undefined ? {} : { cdn }),
      faults: unique([...dnssec, ...found.faults, ...caa.faults, ...ownership.faults]).slice(0, FAULT_LIMIT),
    };
  }
}

const unique = (faults: readonly DnsFault[]): readonly DnsFault[] => [
  ...new Map(faults.map((fault) => [`${fault.kind} ${fault.text}`, fault])).values(),
];
