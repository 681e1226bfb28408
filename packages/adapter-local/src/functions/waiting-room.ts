import type { FunctionHostSettings } from './settings.ts';

/** What counts of a process that waits. */
export type Waiter = Readonly<{
  /** Production is served by its deployment. */
  live: boolean;
  /** Memory that it holds, in MiB. */
  heldMb: number;
}>;

/** What a process is taken for until it was measured, in MiB. */
export const ASSUMED_MB = 40;
/** Where nothing else is said, those that wait share this part of the memory that is there for them. */
const SHARE = 1 / 8;
/** Enough for the site used last, also where an eighth is less. */
const ONE_MB = 64;
/** Left to everything else on the machine, whatever was set: with less, none waits. */
const SPARE_MB = 256;

/**
 * Who of `all`, the one that waits longest first, has to go for the rest to have room. Previews go before what production
 * is served by, or any preview would make production start cold. Memory that they hold is available as well: ending them
 * gives it back.
 */
export function whoGivesWay<T extends Waiter>(all: readonly T[], availableMb: number, settings: Pick<FunctionHostSettings, 'waiting' | 'waitingMb'>): readonly T[] {
  let count = all.length;
  let heldMb = all.reduce((sum, waiter) => sum + waiter.heldMb, 0);
  const thereMb = availableMb + heldMb;
  const roomMb = Math.min(settings.waitingMb ?? Math.max(ONE_MB, thereMb * SHARE), thereMb - SPARE_MB);
  const leaving: T[] = [];
  for (const waiter of [...all.filter(({ live }) => !live), ...all.filter(({ live }) => live)]) {
    if (count <= settings.waiting && heldMb <= roomMb) break;
    leaving.push(waiter);
    count--;
    heldMb -= waiter.heldMb;
  }
  return leaving;
}
