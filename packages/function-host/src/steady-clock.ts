import type { Clock } from '@anchor/core/ports/clock.ts';

/** Starts at the time of `clock` and then only runs forward, however that is set: for pauses, leases and idle times. */
export function steadyClock(clock: Clock): Clock {
  const offset = clock.now() - performance.now();
  return { now: () => Math.floor(offset + performance.now()) };
}
