const MINUTE = 60_000;

export type UpkeepOptions = Readonly<{
  run: () => Promise<unknown>;
  /** Clean-up reads every record and every blob: not beside a build. */
  busy: () => boolean;
  report: (error: unknown) => void;
  /** The first time comes this long after the start, and up to as long again later: a machine that restarts every day is cleaned too, and many do not do it at the same moment. */
  firstMs?: number;
  everyMs?: number;
  /** When it was busy. */
  againMs?: number;
}>;

/** Runs clean-up now and then for as long as the process lives. */
export function upkeep({ run, busy, report, firstMs = 5 * MINUTE, everyMs = 360 * MINUTE, againMs = MINUTE }: UpkeepOptions): Readonly<{ stop(): void }> {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const after = (ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => void turn(), ms);
    timer.unref();
  };
  const turn = async (): Promise<void> => {
    if (busy()) return after(againMs);
    try {
      await run();
    } catch (error) {
      report(error);
    }
    after(everyMs);
  };
  after(firstMs * (1 + Math.random()));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
