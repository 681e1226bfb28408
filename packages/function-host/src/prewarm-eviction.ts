import type { FunctionHostSettings } from './settings.ts';

/** The facts that decide about the eviction of a prewarmed instance. */
export type PrewarmedInstance = Readonly<{
  /** Its deployment serves production. */
  live: boolean;
  /** Resident memory, in MiB. */
  residentMb: number;
}>;

/** Memory of a process that was not measured yet, in MiB. */
export const ESTIMATED_INSTANCE_MB = 40;
/** Default budget, as a part of the memory available to prewarmed instances. */
const BUDGET_SHARE = 1 / 8;
/** Least default budget: enough for the most recently used site. */
const MIN_BUDGET_MB = 64;
/** Left to the rest of the machine whatever the settings; with less available, the budget is 0. */
const RESERVED_SYSTEM_MB = 256;

/**
 * Returns the instances to evict so that the rest fit the budget. `all` is ordered oldest first. Previews are evicted
 * before live ones, or any preview would make production start cold. Memory of the instances themselves counts as
 * available, because evicting them frees it.
 */
export function selectEvictions<T extends PrewarmedInstance>(
  all: readonly T[],
  availableMb: number,
  settings: Pick<FunctionHostSettings, 'prewarmMax' | 'prewarmMemoryMb'>,
): readonly T[] {
  let count = all.length;
  let residentMb = all.reduce((sum, instance) => sum + instance.residentMb, 0);
  const totalMb = availableMb + residentMb;
  const budgetMb = Math.min(
    settings.prewarmMemoryMb ?? Math.max(MIN_BUDGET_MB, totalMb * BUDGET_SHARE),
    totalMb - RESERVED_SYSTEM_MB,
  );
  const evicted: T[] = [];
  for (const instance of [...all.filter(({ live }) => !live), ...all.filter(({ live }) => live)]) {
    if (count <= settings.prewarmMax && residentMb <= budgetMb) break;
    evicted.push(instance);
    count--;
    residentMb -= instance.residentMb;
  }
  return evicted;
}
