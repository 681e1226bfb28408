import type { Bench } from './bench.ts';

/** One line of the table. `theirs` and `ratio` (ours ÷ theirs) are absent where there is nothing to hold it against. */
export type Result = Readonly<{
  id: string;
  what: string;
  ours: number;
  theirs?: number;
  unit: string;
  ratio?: number;
  goal: string;
  met: boolean;
  /** A note that a reader needs to judge the number. */
  note?: string;
}>;

/** A measurement: runs both sides, gives one result or more. */
export type Case = Readonly<{ id: string; what: string; run(bench: Bench): Promise<readonly Result[]> }>;

type Common = Readonly<{ id: string; what: string; unit: string; note?: string }>;

/** Ours against theirs; the goal is on the ratio. */
export function compared(
  about: Common,
  ours: number,
  theirs: number,
  goal: Readonly<{ atMost: number } | { atLeast: number }>,
): Result {
  const ratio = ours / theirs;
  return 'atMost' in goal
    ? { ...about, ours, theirs, ratio, goal: `ratio ≤ ${goal.atMost}`, met: ratio <= goal.atMost }
    : { ...about, ours, theirs, ratio, goal: `ratio ≥ ${goal.atLeast}`, met: ratio >= goal.atLeast };
}

/** Ours alone; the goal is on the number. `theirs` is a published figure, not one of this run. */
export function bounded(about: Common, ours: number, atMost: number, theirs?: number): Result {
  return {
    ...about,
    ours,
    ...(theirs === undefined ? {} : { theirs, ratio: ours / theirs }),
    goal: `≤ ${atMost} ${about.unit}`,
    met: ours <= atMost,
  };
}
