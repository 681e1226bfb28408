/** One line of the server's own log. Goes to standard error by the wiring; never holds secrets. */
export type ServerLog = (
  entry: Readonly<{ level: 'info' | 'warn' | 'error'; message: string; [field: string]: unknown }>,
) => void;

/** Writes at most `perMinute` lines per minute, so that refused requests cannot fill a disk. */
export function throttled(log: ServerLog, perMinute: number, now: () => number): ServerLog {
  let minute = -1;
  let used = 0;
  let dropped = 0;
  return (entry) => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) {
      if (dropped > 0) log({ level: 'warn', message: `${dropped} similar lines were left out` });
      [minute, used, dropped] = [current, 0, 0];
    }
    if (used < perMinute) {
      used += 1;
      log(entry);
    } else dropped += 1;
  };
}
