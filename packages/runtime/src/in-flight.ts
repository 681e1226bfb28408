/** Work that must be finished before the process may end: answers being written, and what was promised for after them. */
export type InFlight = Readonly<{
  begin(): () => void;
  /** Next's `waitUntil`: a failure is logged, never thrown. */
  waitUntil(work: Promise<unknown>): void;
  readonly draining: boolean;
  /** Resolves when nothing is left, including what the last piece of work started. */
  drained(): Promise<void>;
}>;

/** `idle`: called whenever nothing is left for now. */
export function createInFlight(idle: () => void = () => undefined): InFlight {
  let count = 0;
  let draining = false;
  const waiting: (() => void)[] = [];
  const end = (): void => {
    count--;
    if (count > 0) return;
    idle();
    // What has just ended may start its last piece in the next turn: look again before saying so.
    setImmediate(() => {
      if (count === 0) for (const resolve of waiting.splice(0)) resolve();
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
      Promise.resolve(work).catch((cause: unknown) => console.error(cause)).finally(done);
    },
    get draining() {
      return draining;
    },
    drained() {
      draining = true;
      return new Promise((resolve) => {
        waiting.push(resolve);
        begin()();
      });
    },
  };
}
