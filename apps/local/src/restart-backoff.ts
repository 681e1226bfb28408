const FIRST_MS = 100;
/** A process that was ready for this long served: it is started again at once, however often it is killed. */
const SERVED_MS = 5_000;

/** Decides how long a process that ended waits for its next start. Times in ms. */
export class RestartBackoff {
  readonly #maxMs: number;
  #nextMs = FIRST_MS;

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** Returns the pause. `readyMs`: how long the process was ready before it ended; undefined when it never was. */
  after(readyMs: number | undefined): number {
    if (readyMs !== undefined && readyMs >= SERVED_MS) {
      this.reset();
      return 0;
    }
    const wait = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, wait * 2);
    return wait;
  }

  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}
