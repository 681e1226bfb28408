import type { Clock } from '@anchor/core/ports/clock.ts';

/** A clock that does not move until a test advances it. */
export type ManualClock = Clock & Readonly<{ advance(ms: number): void }>;

export function manualClock(start = Date.UTC(2030, 0, 1)): ManualClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}
