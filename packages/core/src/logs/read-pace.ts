/** Reading stops for at least so long at once: many short waits would wake the writer for each. */
const SHORTEST_WAIT_MS = 50;

/**
 * Bounds how fast the output of a program is read. A program that writes faster waits for space in its pipe: the
 * platform spends no processor time on lines that no log keeps. `burst` bytes may come at once, `perSecond` after that.
 */
export class ReadPace {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #now: () => number;
  #level = 0;
  #at: number;

  /** Creates a rate limit. `now`: milliseconds of a clock that never steps back. */
  constructor(limits: Readonly<{ perSecond: number; burst: number }>, now: () => number) {
    this.#perMs = limits.perSecond / 1_000;
    this.#burst = limits.burst;
    this.#now = now;
    this.#at = now();
  }

  /** Counts bytes that were read. Returns for how many milliseconds nothing more should be. */
  read(bytes: number): number {
    const now = this.#now();
    this.#level = Math.max(0, this.#level - (now - this.#at) * this.#perMs) + bytes;
    this.#at = now;
    const wait = (this.#level - this.#burst) / this.#perMs;
    return wait < SHORTEST_WAIT_MS ? 0 : Math.ceil(wait);
  }
}
