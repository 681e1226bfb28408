const MINUTE = 60_000;

export type GcScheduleOptions = Readonly<{
  run: () => Promise<unknown>;
  /** Clean-up reads every record and every blob: not beside a build. */
  busy: () => boolean;
  report: (error: unknown) => void;
  /**
   * The first run comes this long after the start, plus a random time of up to the same length. So a machine that
   * restarts every day is cleaned too, and many machines do not start at the same moment.
   */
  firstMs?: number;
  everyMs?: number;
  /** When it was busy. */
  againMs?: number;
}>;

/** Runs clean-up now and then for as long as the process lives. */
export function scheduleGc({
  run,
  busy,
  report,
  firstMs = 5 * MINUTE,
  everyMs = 360 * MINUTE,
  againMs = MINUTE,
}: GcScheduleOptions): Readonly<{ stop(): void }> {
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
