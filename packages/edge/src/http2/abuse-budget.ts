/**
 * Counts what costs the edge more than its client: a token bucket. Honest clients stay far below; one that empties it
 * is disconnected.
 */
export class AbuseBudget {
  readonly #capacity: number;
  readonly #perSecond: number;
  #tokens: number;
  #at: number;

  /** `now` in milliseconds, as in `spend`. */
  constructor(capacity: number, perSecond: number, now: number) {
    this.#capacity = capacity;
    this.#perSecond = perSecond;
    this.#tokens = capacity;
    this.#at = now;
  }

  /** Takes a token. Returns false when there is none. */
  spend(now: number): boolean {
    if (now > this.#at) {
      this.earn(((now - this.#at) / 1000) * this.#perSecond);
      this.#at = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Adds tokens for honest work. */
  earn(tokens: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens);
  }
}
