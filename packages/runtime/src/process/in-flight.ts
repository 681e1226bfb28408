/**
 * Tracks work that must finish before the process may exit: responses being written, and work scheduled for after them.
 */
export type InFlight = Readonly<{
  begin(): () => void;
  /** Tracks work as Next's `waitUntil`: a failure is logged, never thrown. */
  waitUntil(work: Promise<unknown>): void;
  readonly draining: boolean;
  /** Resolves when nothing is left, including what the last piece of work started. */
  drained(): Promise<void>;
}>;

/** Creates the tracker. `idle` runs whenever nothing is left for now. */
export function createInFlight(idle: () => void = () => undefined): InFlight {
  let count = 0;
  let draining = false;
  const pending: (() => void)[] = [];
  const end = (): void => {
    count--;
    if (count > 0) return;
    idle();
    // A finished task may start its last piece in the next turn: check again before reporting.
    setImmediate(() => {
      if (count === 0) for (const resolve of pending.splice(0)) resolve();
    });
  };
  const begin = (): (() => void) => {
    let ended = false;
    count++;
    return () => {
      if (!ended) end();
      ended = true;
    };
  };
  return {
    begin,
    waitUntil(work) {
      const done = begin();
      Promise.resolve(work)
        .catch((cause: unknown) => console.error(cause))
        .finally(done);
    },
    get draining() {
      return draining;
    },
    drained() {
      draining = true;
      return new Promise((resolve) => {
        pending.push(resolve);
        begin()();
      });
    },
  };
}
