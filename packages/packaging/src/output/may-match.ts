import { Expression } from '@anchor/core/expressions/expression.ts';

const EFFORT = 1_000_000;

/**
 * Returns whether an expression of the app's matches a path; also true where that is unknown, or takes too long to
 * decide.
 */
export function mayMatch(expression: string, path: string): boolean {
  try {
    return new Expression(expression, 'i').test(path, { left: EFFORT });
  } catch {
    return true;
  }
}
