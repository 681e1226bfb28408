/** After so much work, in milliseconds, callers rest for twice as long: they use a third of the event loop at most. */
const WORK_MS = 5;
const REST_MS = 10;

export type LoopYielderOptions = Readonly<{
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  /** Calls back after `ms`. */
  rest?: (callback: () => void, ms: number) => void;
}>;

/**
 * Spreads long work over the event loop: `next` resolves for one caller per turn of the loop, in order. However many
 * scans of logs run at once, a turn is delayed by one piece of one of them. Short scans finish between long ones, and
 * all of them together leave two thirds of the loop to requests.
 */
export class LoopYielder {
  readonly #queue: (() => void)[] = [];
  readonly #now: () => number;
  readonly #rest: (callback: () => void, ms: number) => void;
  #workingSince = Number.NEGATIVE_INFINITY;
  #lastTurn = Number.NEGATIVE_INFINITY;

  constructor({ now = () => performance.now(), rest = setTimeout }: LoopYielderOptions = {}) {
    this.#now = now;
    this.#rest = rest;
  }

  /** Resolves in a later turn of the loop, after all earlier callers. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      if (this.#queue.length === 1) this.#schedule();
    });
  }

  #schedule(): void {
    const now = this.#now();
    if (now - this.#lastTurn >= REST_MS) this.#workingSince = now;
    if (now - this.#workingSince < WORK_MS) setImmediate(this.#release);
    else this.#rest(this.#resume, REST_MS);
  }

  readonly #resume = (): void => {
    this.#workingSince = this.#now();
    // Not at once: a timer and an immediate run in the same turn.
    setImmediate(this.#release);
  };

  // An immediate that is set by an immediate runs in the next turn, after the events that came meanwhile.
  readonly #release = (): void => {
    const resolve = this.#queue.shift();
    this.#lastTurn = this.#now();
    if (this.#queue.length > 0) this.#schedule();
    resolve?.();
  };
}
