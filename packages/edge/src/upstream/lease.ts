import type { Instance } from './instance.ts';

/** Receives what becomes of its leases. */
export interface LeaseHolder {
  /** `whole`: the response arrived whole. */
  released(instance: Instance, whole: boolean): void;
  markUnhealthy(instance: Instance): void;
}

/** Allows one request to an instance. One of `complete` and `abort` ends it; later calls do nothing. */
export class Lease {
  readonly instance: Instance;
  /** How long the first byte of the response may take. */
  readonly timeoutMs: number;
  readonly #holder: LeaseHolder;
  #open = true;

  constructor(holder: LeaseHolder, instance: Instance, timeoutMs: number) {
    this.#holder = holder;
    this.instance = instance;
    this.timeoutMs = timeoutMs;
    instance.requestStarted();
  }

  /** Ends the lease: the response arrived whole. */
  complete(): void {
    this.#release(true);
  }

  /** Ends the lease: the request was given up, or failed. */
  abort(): void {
    this.#release(false);
  }

  /** Prefers other instances for a moment. */
  markUnhealthy(): void {
    this.#holder.markUnhealthy(this.instance);
  }

  #release(whole: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    this.instance.requestEnded();
    this.#holder.released(this.instance, whole);
  }
}
