/**
 * Bounds what one look-up may cost: queries and time. Delegations are hostile input, and one of them may name a hundred
 * servers whose addresses need a hundred more look-ups (NXNS attack).
 */
export class Budget {
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;
  #queries: number;

  constructor(queries: number, timeMs: number, signal?: AbortSignal) {
    this.#queries = queries;
    this.#signal = signal;
    this.#end = performance.now() + timeMs;
  }

  /** Takes one query. Returns false when none is left. */
  take(): boolean {
    return this.remainingMs > 0 && this.#queries-- > 0;
  }

  get remainingMs(): number {
    return this.#signal?.aborted === true ? 0 : Math.max(0, this.#end - performance.now());
  }
}
