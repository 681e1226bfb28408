import { anchorError, type AnchorError } from '@anchor/core/result/result.ts';
import type { FunctionHostSettings } from './settings.ts';

type Times = Pick<FunctionHostSettings, 'backoffFirstMs' | 'backoffMaxMs' | 'backoffReadyMaxMs' | 'healthyMs'>;
/** The pause after the second crash of a ready instance; the first has none. */
const READY_FIRST_MS = 250;

/**
 * Computes the pause between a crash and the next start of one deployment's functions. A start that fails most likely
 * fails again, so its pause grows long. An instance that was ready crashed because of a request, so it is restarted
 * soon.
 */
export class Backoff {
  readonly #times: Times;
  #failures = 0;
  #until = 0;
  #lastAt = 0;
  #last = anchorError(
    'function_start_failed',
    'The function exited by itself',
    'Read the run log with `anchor logs --run`.',
  );

  constructor(times: Times) {
    this.#times = times;
  }

  /** Returns milliseconds until the next start is allowed; 0 when it is allowed now. */
  remaining(now: number): number {
    return Math.max(0, this.#until - now);
  }

  /** Records that a start failed. Returns the pause as text: "2.0 s". */
  startFailed(now: number, error: AnchorError): string {
    const { backoffFirstMs, backoffMaxMs } = this.#times;
    this.#count(now, error);
    return this.#pause(now, Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.min(this.#failures - 1, 20)));
  }

  /** Notes that an instance that had been ready for `aliveMs` ended by itself. */
  crashed(now: number, aliveMs: number, error: AnchorError): string {
    if (aliveMs >= this.#times.healthyMs) this.#failures = 0;
    this.#count(now, error);
    return this.#pause(
      now,
      this.#failures === 1
        ? 0
        : Math.min(this.#times.backoffReadyMaxMs, READY_FIRST_MS * 2 ** Math.min(this.#failures - 2, 20)),
    );
  }

  /**
   * Returns the error for callers during the pause: the last error, its number of repetitions, and the time of the next
   * start.
   */
  error(now: number): AnchorError {
    const { cause } = this.#last;
    return {
      ...this.#last,
      cause: `${cause === undefined ? '' : `${cause}\n`}It failed ${this.#failures} times; the next start is in ${seconds(this.remaining(now))}.`,
    };
  }

  #count(now: number, error: AnchorError): void {
    if (now - this.#lastAt >= this.#times.backoffMaxMs + this.#times.healthyMs) this.#failures = 0;
    this.#failures++;
    this.#lastAt = now;
    this.#last = error;
  }

  #pause(now: number, pause: number): string {
    this.#until = Math.max(this.#until, now + pause);
    return seconds(pause);
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
