import { anchorError, type AnchorError } from '@anchor/core/result/result.ts';
import type { FunctionHostSettings } from './settings.ts';

/** The pause between a crash and the next start of one deployment's functions. */
export type Backoff = Readonly<{
  /** Milliseconds until the next start is allowed; 0 when it is now. */
  remaining(now: number): number;
  /** A start failed, or an instance that had been ready for `aliveMs` ended by itself. Answers the pause for people: "2.0 s". */
  failed(now: number, aliveMs: number, error: AnchorError): string;
  /** What callers are told during the pause: the last error, how often it came, and when the next start is. */
  error(now: number): AnchorError;
}>;

export function createBackoff(settings: Pick<FunctionHostSettings, 'backoffFirstMs' | 'backoffMaxMs' | 'healthyMs'>): Backoff {
  let failures = 0;
  let until = 0;
  let lastAt = 0;
  let last = anchorError('function_start_failed', 'The function stopped by itself', 'Read the run log of this deployment.');
  return {
    remaining: (now) => Math.max(0, until - now),
    failed(now, aliveMs, error) {
      if (aliveMs >= settings.healthyMs || now - lastAt >= settings.backoffMaxMs + settings.healthyMs) failures = 0;
      failures++;
      lastAt = now;
      last = error;
      const pause = Math.min(settings.backoffMaxMs, settings.backoffFirstMs * 2 ** Math.min(failures - 1, 20));
      until = Math.max(until, now + pause);
      return seconds(pause);
    },
    error: (now) => ({ ...last, cause: `${last.cause === undefined ? '' : `${last.cause}\n`}It failed ${failures} times; the next start is in ${seconds(Math.max(0, until - now))}.` }),
  };
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
