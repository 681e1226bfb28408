import type { StoredResolution } from '../ports/metric-store.ts';

export const RESOLUTIONS = ['second', 'minute', 'hour'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** Milliseconds of a step. */
export const STEP_MS: Readonly<Record<Resolution, number>> = { second: 1_000, minute: 60_000, hour: 3_600_000 };

const DAY_MS = 86_400_000;
/** How long counts are stored at each resolution. Seconds are held in memory alone. */
export const SECONDS_HELD_MS = 10 * 60_000;
export const RETENTION_MS: Readonly<Record<StoredResolution, number>> = { minute: 7 * DAY_MS, hour: 366 * DAY_MS };

/** Returns the start of the step that a time is in. */
export const startOf = (at: number, resolution: Resolution): number => at - (at % STEP_MS[resolution]);
