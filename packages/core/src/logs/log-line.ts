export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of a build or run-time log. `n` counts from 1 within its log; `at` in milliseconds since the epoch. */
export type LogLine = Readonly<{
  n: number;
  at: number;
  level: LogLevel;
  /** At most 64 KiB; longer lines are split. */
  text: string;
  step?: string;
  requestId?: string;
}>;
