import { pathToRegexp, type Key } from 'path-to-regexp';
import { Expression } from '@anchor/core/expressions/expression.ts';

/** A path expression of `vercel.json`: its regular expression, and which capture each of its names is. */
export type SourcePattern = Readonly<{ regex: string; captures: ReadonlyMap<string, number> }>;

/** Compiles a path expression, such as `/blog/:slug*`. Throws for one that is none, or that the edge cannot evaluate. */
export function compileSource(source: string): SourcePattern {
  const keys: Key[] = [];
  // The settings of Vercel's own: a slash at the end is part of the path.
  const { source: regex } = pathToRegexp(source, keys, { strict: true, delimiter: '/' });
  void new Expression(regex, 'i');
  return { regex, captures: new Map(keys.map(({ name }, at) => [String(name), at + 1])) };
}

/**
 * Returns a target with `$1` in place of the names that the source or a condition captures. A name that nothing
 * captures stays as it is written, as does the port of an address. A question mark starts the query.
 */
export function compileTarget(
  target: string,
  { captures }: SourcePattern,
  conditionNames: ReadonlySet<string>,
): string {
  return target.replace(/:([A-Za-z_]\w*)(?:\([^()]*\))?[*+]?/g, (written, name: string) => {
    const capture = captures.get(name);
    if (capture !== undefined) return `$${capture}`;
    return conditionNames.has(name) ? `$${name}` : written;
  });
}
