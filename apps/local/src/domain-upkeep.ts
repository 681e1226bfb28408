import { certificateWarnings } from '@anchor/core/domains/certificate-watch.ts';
import { DomainWatcher } from '@anchor/core/domains/domain-watcher.ts';
import { publishDomains } from '@anchor/core/domains/served-domains.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import { LocalIssuer } from './local-issuer.ts';
import { OwnIssuer } from './own-issuer.ts';
import { ownNames } from './own-names.ts';
import type { ProcessLog } from './process-log.ts';
import type { Settings } from './settings.ts';

const LOOK_MS = 1_000;
const HOUR_MS = 3_600_000;
/**
 * Between two ticks of the certificates at most. What a tick returns knows nothing of an order that is requested after
 * it: when that one fails, its retry is due within a minute.
 */
const TICK_MS = 10_000;

/**
 * Runs the checks of domains and the orders and renewals of certificates that are due, and warns of certificates that
 * were not renewed in time.
 */
export class DomainUpkeep {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #log: ProcessLog;
  readonly #watcher: DomainWatcher;
  readonly #local: LocalIssuer;
  readonly #own: OwnIssuer;
  readonly #ending = new AbortController();
  /** The level at which each certificate was last reported. */
  readonly #reported = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #requesting: Promise<void> | undefined;
  #checking: Promise<void> = Promise.resolve();
  #nextTick = 0;
  #nextHour = 0;

  constructor(ports: Ports, settings: Settings, log: ProcessLog, aliasGeneration: () => number) {
    this.#ports = ports;
    this.#settings = settings;
    this.#log = log;
    this.#watcher = new DomainWatcher(ports, log.error);
    const names = ownNames(settings);
    this.#own = new OwnIssuer(ports, { names, report: log.error });
    this.#local = new LocalIssuer(ports, {
      generation: aliasGeneration,
      keep: names,
      report: log.error,
    });
  }

  async start(): Promise<void> {
    await this.#log.step('domains are published to the edge', publishDomains(this.#ports));
    this.#requestOwn();
    let busy = false;
    this.#timer = setInterval(() => {
      if (busy) return;
      busy = true;
      this.#checking = this.#look().finally(() => {
        busy = false;
      });
    }, LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ending.abort();
    await this.#checking;
    await this.#watcher.stop();
    await this.#ticking;
    await this.#requesting;
  }

  async #look(): Promise<void> {
    const now = this.#ports.clock.now();
    await this.#log.step('domains are checked', () => this.#watcher.run());
    this.#requestOwn();
    // A clock that was set back must not stop the renewals.
    if (now >= this.#nextTick || this.#nextTick - now > TICK_MS) this.#tick();
    if (this.#settings.localCa) await this.#log.step('local certificates are issued', () => this.#local.run());
    if (now < this.#nextHour && this.#nextHour - now <= HOUR_MS) return;
    this.#nextHour = now + HOUR_MS;
    await this.#log.step('removed domains are forgotten', () => this.#watcher.expire());
    await this.#log.step('certificates are watched', () => this.#warn());
  }

  /** Not awaited by the checks: an order may wait minutes for a CA. */
  #tick(): void {
    this.#ticking ??= this.#log
      .step('certificates are renewed', async () => {
        const next = await this.#ports.certificates.tick(this.#ending.signal);
        this.#nextTick = Math.min(next, this.#ports.clock.now() + TICK_MS);
      })
      .finally(() => {
        this.#ticking = undefined;
      });
  }

  /** Not awaited either: where a challenge leads to is looked up, which takes ten seconds without the internet. */
  #requestOwn(): void {
    this.#requesting ??= this.#log
      .step("the platform's certificates are requested", async () => {
        if (await this.#own.run()) this.#nextTick = 0;
      })
      .finally(() => {
        this.#requesting = undefined;
      });
  }

  async #warn(): Promise<void> {
    const { certificates, clock } = this.#ports;
    const warnings = certificateWarnings(await certificates.list(), clock.now());
    for (const { id, level, message, fix } of warnings)
      if (this.#reported.get(id) !== level) {
        this.#reported.set(id, level);
        this.#log.error(`${message}. ${fix}`);
      }
    for (const id of this.#reported.keys())
      if (!warnings.some((warning) => warning.id === id)) this.#reported.delete(id);
  }
}
