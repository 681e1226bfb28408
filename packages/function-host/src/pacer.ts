/** Runs work at most once in `everyMs`: one run in flight and one due, however often it is requested. */
export class Pacer {
  readonly #work: () => Promise<void>;
  readonly #everyMs: number;
  #pause: NodeJS.Timeout | undefined;
  #running = false;
  #due = false;
  #stopped = false;

  constructor(work: () => Promise<void>, everyMs: number) {
    this.#work = work;
    this.#everyMs = everyMs;
  }

  /** Starts the work at once when none ran lately, otherwise with the next run. */
  request(): void {
    this.#due = true;
    this.#next();
  }

  /** Starts nothing from now on. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#pause);
  }

  #next(): void {
    if (!this.#due || this.#running || this.#pause !== undefined || this.#stopped) return;
    this.#due = false;
    this.#running = true;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#next();
    }, this.#everyMs).unref();
    void this.#work()
      .catch(() => undefined)
      .finally(() => {
        this.#running = false;
        this.#next();
      });
  }
}
