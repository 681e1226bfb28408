/** A known failure of a tool: how its line is recognised, which lines belong to it, and what to do. */
export type Shape = Readonly<{
  name: string;
  /** Absent: the fix suits a build and a running application alike. */
  only?: 'build' | 'run';
  /** Tested against each cleaned line, first to last; the first line of the output that matches is the cause. */
  line: RegExp;
  /**
   * Returns whether a matching line is unrelated to the failure, such as a mere warning: then the next match counts.
   */
  unless?: (found: Found) => boolean;
  /** Returns the lines of the cause; without it, the matching line. */
  cause?: (found: Found) => readonly string[];
  /** Returns one imperative sentence; undefined where the general one is as good. */
  fix?: (found: Found) => string | undefined;
}>;

/** Where a shape was found: `lines` is the whole cleaned output, `at` the matching line. */
export type Found = Readonly<{ match: RegExpExecArray; lines: readonly string[]; at: number }>;

/** The most lines that a cause has. */
export const MAX_CAUSE_LINES = 8;

/** Returns a group of the match; '' when it took no part. */
export const group = ({ match }: Found, index = 1): string => match[index] ?? '';

/** Returns whether a line belongs to the warnings of a compilation that succeeded (Next.js, webpack). */
export const isWarning = ({ lines, at }: Found): boolean => {
  const head = lines
    .slice(Math.max(0, at - 200), at)
    .findLast((line) =>
      /Compiled with warnings|^WARNING in |Failed to compile|^ERROR in |Build failed because of/.test(line),
    );
  return (
    /\[WARNING\]/.test(lines[at] ?? '') || (head !== undefined && /Compiled with warnings|^WARNING in /.test(head))
  );
};

/** Returns the matching line and what follows it, up to `count` lines or the first that matches `until`. */
export const following =
  (count: number, until?: RegExp) =>
  ({ lines, at }: Found): readonly string[] => {
    const more = lines.slice(at + 1, at + count);
    const end = until === undefined ? -1 : more.findIndex((line) => until.test(line));
    return [lines[at] ?? '', ...(end === -1 ? more : more.slice(0, end))];
  };

/** Returns every line of the output that matches, from the found one on, at most `count`. */
export const alike =
  (pattern: RegExp, count = 4) =>
  ({ lines, at }: Found): readonly string[] => {
    const all = lines.slice(at).filter((line) => pattern.test(line));
    return all.length <= count ? all : [...all.slice(0, count), `… and ${all.length - count} more`];
  };

/** Returns the found line with the nearest line before it that matches: a file name above a message. */
export const under =
  (pattern: RegExp, back = 3) =>
  ({ lines, at }: Found): readonly string[] => {
    const above = lines.slice(Math.max(0, at - back), at).findLast((line) => pattern.test(line));
    return [...(above === undefined ? [] : [above]), lines[at] ?? ''];
  };
