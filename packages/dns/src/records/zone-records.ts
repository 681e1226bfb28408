import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { queryAll, txtValues } from '../walk/query-all.ts';
import { Budget } from '../walk/budget.ts';
import { faultOf } from '../walk/walk-failure.ts';
import type { ZoneWalk } from '../walk/zone-walk.ts';
import { isWithin } from '../wire/names.ts';
import { pause } from './pause.ts';
import type { TxtProvider } from './txt-provider.ts';

export type ZoneRecordsSettings = Readonly<{
  /** Between two looks at the authoritative servers, in milliseconds. */
  pollMs: number;
}>;

const QUERY_LIMIT = 60;
const LOOK_MS = 10_000;

/** Writes TXT records at the provider of the longest configured zone that contains the name. */
export class ZoneRecords implements DnsRecords {
  readonly #providers: ReadonlyMap<string, TxtProvider>;
  readonly #walk: ZoneWalk;
  readonly #settings: ZoneRecordsSettings;

  constructor(providers: ReadonlyMap<string, TxtProvider>, walk: ZoneWalk, settings: ZoneRecordsSettings) {
    this.#providers = providers;
    this.#walk = walk;
    this.#settings = settings;
  }

  zoneOf(name: string): string | undefined {
    const zones = [...this.#providers.keys()].filter((zone) => isWithin(name, zone));
    return zones.sort((one, other) => other.length - one.length)[0];
  }

  async putTxt(name: string, value: string): Promise<Result<void>> {
    const provider = this.#providerOf(name);
    return provider.ok ? provider.value.put(name, value) : provider;
  }

  async removeTxt(name: string, value: string): Promise<Result<void>> {
    const provider = this.#providerOf(name);
    return provider.ok ? provider.value.remove(name, value) : provider;
  }

  async waitUntilVisible(name: string, value: string, withinMs: number, signal?: AbortSignal): Promise<Result<void>> {
    const end = performance.now() + withinMs;
    let reason: string | undefined;
    for (;;) {
      const missing = await this.#missing(name, value, Math.max(1, end - performance.now()), signal);
      if (missing === undefined) return ok(undefined);
      const left = end - performance.now();
      // A look that was cut off by the end says less than the one before.
      if (left > 0 || reason === undefined) reason = missing;
      if (left <= 0 || signal?.aborted === true) return notVisible(name, reason);
      await pause(Math.min(this.#settings.pollMs, left), signal);
    }
  }

  /** Returns why a value is not visible everywhere yet; undefined when it is. */
  async #missing(name: string, value: string, leftMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const budget = new Budget(QUERY_LIMIT, Math.min(LOOK_MS, leftMs), signal);
    const zone = await this.#walk.zoneOf(name, budget);
    if (!zone.ok) return faultOf(zone.error).text;
    const { responses, faults } = await queryAll(this.#walk, zone.value, { name, type: 'TXT' }, budget);
    const [fault] = faults;
    if (fault !== undefined) return fault.text;
    const without = responses.filter(({ message }) => !txtValues(message, name).includes(value));
    if (without.length > 0) return `${without.map(({ server }) => server).join(', ')} does not return the value`;
    return responses.length === 0 ? `${zone.value.name} has no servers` : undefined;
  }

  #providerOf(name: string): Result<TxtProvider> {
    const provider = this.#providers.get(this.zoneOf(name) ?? '');
    if (provider !== undefined) return ok(provider);
    return fail(
      'source_refused',
      `No DNS provider is configured for ${name}`,
      'Add its zone to the file of --dns-providers, then restart the platform.',
    );
  }
}

const notVisible = (name: string, cause: string): Result<void> =>
  fail(
    'not_ready',
    `The TXT record ${name} is not visible at every authoritative server`,
    'Check that the zone is delegated to the servers of its DNS provider, then retry.',
    cause,
  );
