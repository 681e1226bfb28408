import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { followAliases } from '../walk/follow-aliases.ts';
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

type Target = Readonly<{ name: string; provider: TxtProvider }>;

const QUERY_LIMIT = 60;
const LOOK_MS = 10_000;

/** Writes TXT records at the provider of the longest configured zone that contains the name, or what it is an alias of. */
export class ZoneRecords implements DnsRecords {
  readonly #providers: ReadonlyMap<string, TxtProvider>;
  readonly #walk: ZoneWalk;
  readonly #settings: ZoneRecordsSettings;
  /**
   * Where values were written that are not removed yet. The owner of an alias may change it meanwhile, so that they would
   * stay in a zone that is not theirs, until its records are too many.
   */
  readonly #written = new Map<string, Target>();

  constructor(providers: ReadonlyMap<string, TxtProvider>, walk: ZoneWalk, settings: ZoneRecordsSettings) {
    this.#providers = providers;
    this.#walk = walk;
    this.#settings = settings;
  }

  zoneOf(name: string): string | undefined {
    const zones = [...this.#providers.keys()].filter((zone) => isWithin(name, zone));
    return zones.sort((one, other) => other.length - one.length)[0];
  }

  zones(): readonly string[] {
    return [...this.#providers.keys()];
  }

  async canWrite(name: string): Promise<Result<void>> {
    const target = await this.#targetOf(name);
    return target.ok ? ok(undefined) : target;
  }

  async putTxt(name: string, value: string): Promise<Result<void>> {
    const target = await this.#targetOf(name);
    if (!target.ok) return target;
    const before = this.#written.get(keyOf(name, value));
    if (before !== undefined && before.name !== target.value.name) await this.removeTxt(name, value);
    this.#written.set(keyOf(name, value), target.value);
    return target.value.provider.put(target.value.name, value);
  }

  async removeTxt(name: string, value: string): Promise<Result<void>> {
    const written = this.#written.get(keyOf(name, value));
    const target = written === undefined ? await this.#targetOf(name) : ok(written);
    this.#written.delete(keyOf(name, value));
    return target.ok ? target.value.provider.remove(target.value.name, value) : target;
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
  async #missing(alias: string, value: string, leftMs: number, signal?: AbortSignal): Promise<string | undefined> {
    const budget = new Budget(QUERY_LIMIT, Math.min(LOOK_MS, leftMs), signal);
    const name = await followAliases(this.#walk, alias, budget);
    const zone = await this.#walk.zoneOf(name, budget);
    if (!zone.ok) return faultOf(zone.error).text;
    const { responses, faults } = await queryAll(this.#walk, zone.value, { name, type: 'TXT' }, budget);
    const [fault] = faults;
    if (fault !== undefined) return fault.text;
    const without = responses.filter(({ message }) => !txtValues(message, name).includes(value));
    if (without.length > 0) return `${without.map(({ server }) => server).join(', ')} does not return the value`;
    return responses.length === 0 ? `${zone.value.name} has no servers` : undefined;
  }

  /**
   * Returns where a value is written: at the name itself, or where its aliases lead to. That must be a name for
   * challenges: a stranger's alias must not put records beside the sites of a zone.
   */
  async #targetOf(name: string): Promise<Result<Target>> {
    const target = await followAliases(this.#walk, name, new Budget(QUERY_LIMIT, LOOK_MS));
    const provider = this.#providers.get(this.zoneOf(target) ?? '');
    if (target === name) return provider === undefined ? noProvider(name) : ok({ name, provider });
    if (provider === undefined) return noProviderOfAlias(name, target);
    if (!target.split('.').some((label) => CHALLENGE_LABELS.includes(label))) return noChallengeName(name, target);
    return ok({ name: target, provider });
  }
}

const keyOf = (name: string, value: string): string => `${name} ${value}`;

/** Labels of names that hold challenges, and nothing that a client looks up. */
const CHALLENGE_LABELS: readonly string[] = ['_acme-challenge', '_validation-persist'];

const noProvider = (name: string) =>
  fail(
    'source_refused',
    `No DNS provider is configured for ${name}`,
    'Add its zone to the file of --dns-providers, or make the name an alias (CNAME) of one in a zone that is there.',
  );

const noProviderOfAlias = (name: string, target: string) =>
  fail(
    'source_refused',
    `${name} is an alias of ${target}, for which no DNS provider is configured`,
    `Add the zone of ${target} to the file of --dns-providers, then restart the platform; or remove the CNAME record.`,
  );

const noChallengeName = (name: string, target: string) =>
  fail(
    'source_refused',
    `${name} is an alias of ${target}, which is no name for challenges`,
    `Set the CNAME record of ${name} to a name with the label _acme-challenge, such as _acme-challenge.${target}.`,
  );

const notVisible = (name: string, cause: string): Result<void> =>
  fail(
    'not_ready',
    `The TXT record ${name} is not visible at every authoritative server`,
    'Check that the zone is delegated to the servers of its DNS provider, then retry.',
    cause,
  );
