import { setTimeout as sleep } from 'node:timers/promises';

/** Waits. Returns false when the signal was aborted before. */
export const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);
