export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The `step` of the lines that end a failed deployment's log: message, cause and fix. A view that shows the
 * deployment's error beside its log leaves them out.
 */
export const FAILURE_STEP = 'failure';

/** One line of a build or runtime log. `n` counts from 1 within its log; `at` in milliseconds since the epoch. */
export type LogLine = Readonly<{
  n: number;
  at: number;
  level: LogLevel;
  /** At most 64 KiB; longer lines are split. */
  text: string;
  step?: string;
  requestId?: string;
}>;
