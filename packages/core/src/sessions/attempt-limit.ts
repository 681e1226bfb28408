type Attempts = { count: number; until: number };

/**
 * Counts attempts by key. `max` within `windowMs` are allowed; then the key is locked until `windowMs` have passed since
 * its first attempt beyond. Held in memory, for at most MAX_KEYS keys: of those the oldest that is not locked goes first.
 */
export class AttemptLimit {
  readonly #attempts = new Map<string, Attempts>();
  readonly #max: number;
  readonly #windowMs: number;
  readonly #now: () => number;

  constructor(max: number, windowMs: number, now: () => number) {
    this.#max = max;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** Counts one attempt before it is made. Returns 0 when it may be made, else the seconds to wait. */
  attempt(key: string): number {
    const now = this.#now();
    const known = this.#attempts.get(key);
    const current = known === undefined || known.until <= now ? { count: 0, until: now + this.#windowMs } : known;
    if (current.count >= this.#max) {
      // The first attempt beyond starts the whole time; further ones do not prolong it.
      if (current.count === this.#max) this.#remember(key, { count: this.#max + 1, until: now + this.#windowMs });
      return Math.max(1, Math.ceil(((this.#attempts.get(key)?.until ?? now) - now) / 1_000));
    }
    this.#remember(key, { ...current, count: current.count + 1 });
    return 0;
  }

  /** Forgets the attempts of a key. */
  succeeded(key: string): void {
    this.#attempts.delete(key);
  }

  #remember(key: string, attempts: Attempts): void {
    this.#attempts.delete(key);
    if (this.#attempts.size >= MAX_KEYS) this.#forgetOne();
    this.#attempts.set(key, attempts);
  }

  #forgetOne(): void {
    let oldest: string | undefined;
    for (const [key, { count, until }] of this.#attempts) {
      oldest ??= key;
      if (count <= this.#max || until <= this.#now()) {
        this.#attempts.delete(key);
        return;
      }
    }
    if (oldest !== undefined) this.#attempts.delete(oldest);
  }
}

const MAX_KEYS = 20_000;
