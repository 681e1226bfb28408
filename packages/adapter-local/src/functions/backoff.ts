import type { FunctionHostSettings } from './settings.ts';

/** The pause between a crash and the next start of one deployment's functions. */
export type Backoff = Readonly<{
  /** Milliseconds until the next start is allowed; 0 when it is now. */
  remaining(now: number): number;
  /** A start failed, or an instance that had been ready for `healthyMs` ended by itself. Answers the pause. */
  failed(now: number, aliveMs: number): number;
  /** Crashes since the last healthy time. */
  count(): number;
}>;

export function createBackoff(settings: Pick<FunctionHostSettings, 'backoffFirstMs' | 'backoffMaxMs' | 'healthyMs'>): Backoff {
  let failures = 0;
  let until = 0;
  let last = 0;
  return {
    remaining: (now) => Math.max(0, until - now),
    failed(now, aliveMs) {
      if (aliveMs >= settings.healthyMs || now - last >= settings.backoffMaxMs + settings.healthyMs) failures = 0;
      failures++;
      last = now;
      const pause = Math.min(settings.backoffMaxMs, settings.backoffFirstMs * 2 ** Math.min(failures - 1, 20));
      until = Math.max(until, now + pause);
      return pause;
    },
    count: () => failures,
  };
}
