/** Limits concurrency per key and in total. Waiters run in order, and no key waits for another's limit. */
export class KeyedSemaphore {
  readonly #perKey: number;
  readonly #inSum: number;
  readonly #busy = new Map<string, number>();
  #running = 0;
  #queue: { key: string; start: () => void }[] = [];

  constructor(limits: Readonly<{ perKey: number; inSum: number }>) {
    this.#perKey = limits.perKey;
    this.#inSum = limits.inSum;
  }

  /** Acquires a slot; the returned function releases it. Resolves with undefined after `withinMs` without one. */
  async acquire(key: string, withinMs?: number): Promise<(() => void) | undefined> {
    if (this.#mayRun(key)) this.#begin(key);
    else if (!(await this.#queued(key, withinMs))) return undefined;
    let ended = false;
    return () => {
      if (!ended) this.#end(key);
      ended = true;
    };
  }

  #queued(key: string, withinMs: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const queued = {
        key,
        start: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      const timer =
        withinMs === undefined
          ? undefined
          : setTimeout(() => {
              this.#queue = this.#queue.filter((other) => other !== queued);
              resolve(false);
            }, withinMs);
      this.#queue.push(queued);
    });
  }

  #mayRun(key: string): boolean {
    return this.#running < this.#inSum && (this.#busy.get(key) ?? 0) < this.#perKey;
  }

  #begin(key: string): void {
    this.#running += 1;
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1);
  }

  #end(key: string): void {
    this.#running -= 1;
    const left = (this.#busy.get(key) ?? 1) - 1;
    if (left > 0) this.#busy.set(key, left);
    else this.#busy.delete(key);
    const next = this.#queue.find((queued) => this.#mayRun(queued.key));
    if (next === undefined) return;
    this.#queue = this.#queue.filter((queued) => queued !== next);
    this.#begin(next.key);
    next.start();
  }
}
