import type { IssueStep } from '@anchor/core/ports/certificates.ts';
import { registeredDomain } from '@anchor/core/domains/domain-name.ts';
import type { DomainName } from '@anchor/core/names/name.ts';
import type { CertificateIndex } from './certificate-index.ts';
import type { OrderContext } from './orders/order-context.ts';
import { OrderRun } from './orders/order-run.ts';

/** Orders that run at the same time and do not wait for DNS: each waits mostly for its CA. */
const CONCURRENCY = 4;
/**
 * Orders of wildcards that run at the same time, in all and of one registered domain. Each may wait three minutes for a
 * record that the domain's owner never shows, so they are counted apart.
 */
const WILDCARDS = 16;
const WILDCARDS_PER_DOMAIN = 2;
/** How long an order is left alone whose run failed unexpectedly, as by a full disk; and between any two runs. */
const UNEXPECTED_MS = 30_000;
const BETWEEN_RUNS_MS = 1000;

/** Runs the orders that are due: renewals first, then the oldest. At most one run per order. */
export class OrderScheduler {
  readonly #context: Omit<OrderContext, 'onStep'>;
  readonly #index: CertificateIndex;
  readonly #onError: (error: unknown) => void;
  readonly #stop = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  readonly #steps = new Map<string, IssueStep>();
  /** The registered domains of the orders with wildcards that run. */
  readonly #wildcards = new Map<string, string>();
  /** By `performance.now`, since the clock may step. */
  readonly #notBefore = new Map<string, number>();
  #draining = false;
  #drain: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(context: Omit<OrderContext, 'onStep'>, index: CertificateIndex, onError: (error: unknown) => void) {
    this.#context = context;
    this.#index = index;
    this.#onError = onError;
  }

  /** Returns what an order waits for. */
  stepOf(id: string): IssueStep {
    return this.#steps.get(id) ?? STEPS[this.#index.orders.get(id)?.step ?? 'queued'];
  }

  /** Returns whether an order runs at this moment. */
  runs(id: string): boolean {
    return this.#running.has(id);
  }

  /** Runs an order at once, although it failed a moment ago. */
  expedite(id: string): void {
    this.#notBefore.delete(id);
    this.start();
  }

  /** Starts what is due, if it does not run already. Returns at once. */
  start(): void {
    this.#wake();
    if (this.#draining) return;
    this.#draining = true;
    this.#drain = this.#run();
  }

  /** Runs what is due. Resolves when every order is done or waits. */
  async settle(): Promise<void> {
    this.start();
    while (this.#draining) await this.#drain;
  }

  /** Stops every run where it is; another process continues it. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#drain;
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        for (const id of this.#due()) if (this.#takePlace(id)) this.#running.set(id, this.#runOrder(id));
        if (this.#running.size === 0) return;
        await Promise.race([...this.#running.values(), woken]);
      }
    } finally {
      // In the turn of the last look at what is due: an order that is stored after it starts another round.
      this.#draining = false;
    }
  }

  #due(): readonly string[] {
    if (this.#stop.signal.aborted) return [];
    const now = this.#context.clock.now();
    return [...this.#index.orders]
      .filter(([id, { nextAt }]) => nextAt <= now && !this.#running.has(id) && this.#mayRun(id))
      .toSorted(([, a], [, b]) => Number(b.reason === 'renewal') - Number(a.reason === 'renewal') || a.since - b.since)
      .map(([id]) => id);
  }

  /** Takes a place for an order; returns false when none is free. */
  #takePlace(id: string): boolean {
    const busy = [...this.#running.keys()].filter((one) => this.#steps.get(one) !== 'dns');
    if (busy.length >= CONCURRENCY) return false;
    const wildcard = this.#index.orders.get(id)?.names.find((name) => name.startsWith('*.'));
    if (wildcard === undefined) return true;
    if (this.#wildcards.size >= WILDCARDS) return false;
    const domain = registeredDomain(wildcard as DomainName);
    const others = [...this.#wildcards.values()].filter((one) => one === domain);
    if (others.length >= WILDCARDS_PER_DOMAIN) return false;
    this.#wildcards.set(id, domain);
    return true;
  }

  #mayRun(id: string): boolean {
    return (this.#notBefore.get(id) ?? 0) <= performance.now();
  }

  async #runOrder(id: string): Promise<void> {
    let wait = BETWEEN_RUNS_MS;
    try {
      const stored = await this.#context.tables.orders.get(id);
      const onStep = (of: string, step: IssueStep): void => {
        this.#steps.set(of, step);
        // Its place is free for another order.
        if (step === 'dns') this.#wake();
      };
      const context = { ...this.#context, onStep };
      if (stored !== undefined) await new OrderRun(context, stored, this.#stop.signal).run();
    } catch (error) {
      wait = UNEXPECTED_MS;
      this.#onError(error);
    }
    this.#running.delete(id);
    this.#wildcards.delete(id);
    this.#steps.delete(id);
    if (this.#index.orders.has(id)) this.#notBefore.set(id, performance.now() + wait);
    else this.#notBefore.delete(id);
  }
}

const STEPS = { queued: 'queued', placing: 'order', authorizing: 'challenge', finalizing: 'finalize' } as const;
