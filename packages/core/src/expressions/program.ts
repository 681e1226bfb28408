import type { CharSet } from './char-set.ts';

/** The instructions; `x` and `y` are their operands. */
export const OP = {
  match: 0,
  /** One code unit: `x`. */
  char: 1,
  /** One ASCII letter in either case: `x` is the lower one. */
  letter: 2,
  /** One code unit of the set `x`. */
  set: 3,
  /** Continues at `x`, and at `y` when that fails. */
  split: 4,
  jump: 5,
  /** Notes the position in slot `x`. */
  save: 6,
  /** Forgets slots `x` up to `y`: captures are those of a loop's last round. */
  forget: 7,
  /** Fails where slot `x` is the position: a round of a loop that consumed nothing. */
  progress: 8,
  /** Fails where row `x` has the position: all that comes from here failed before. */
  once: 9,
  start: 10,
  end: 11,
  lineStart: 12,
  lineEnd: 13,
  boundary: 14,
  noBoundary: 15,
  /** The instructions up to `x` match from here (`y` 0) or do not (`y` 1). */
  look: 16,
  /** The capture of one of the groups `references[x]`. `y` 1: in either case. */
  reference: 17,
} as const;

/** A compiled expression. `y` of char, letter, set and reference with bit 2: read backwards (lookbehind). */
export type Program = Readonly<{
  op: readonly number[];
  x: readonly number[];
  y: readonly number[];
  sets: readonly CharSet[];
  references: readonly (readonly number[])[];
  /** Rows of positions that `once` keeps, and those inside each lookaround, by its instruction. */
  rows: number;
  rowsOf: ReadonlyMap<number, readonly [from: number, to: number]>;
  /** Captures first, two per group, then the positions at which loop iterations started. */
  slots: number;
  groups: number;
  names: readonly (readonly [name: string, groups: readonly number[]])[];
  /** Matches at the start of the text or not at all. */
  anchored: boolean;
}>;

export const BACKWARD = 2;
