/** Milliseconds since the epoch. Tests move it by hand. */
export type Clock = Readonly<{ now(): number }>;
export const systemClock: Clock = { now: () => Date.now() };
