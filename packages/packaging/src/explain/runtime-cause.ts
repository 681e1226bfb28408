import type { FailureAnalyzer } from '@anchor/core/ports/failure-analyzer.ts';
import { findCause } from './find-cause.ts';

/** Finds why an application fails that was built, in what it printed. Undefined where no line looks like an error. */
export const runtimeCause: FailureAnalyzer = (output) => {
  const { shape, lines, fix, missing } = findCause(output, 'run');
  if (shape === 'last-lines' && missing.length === 0) return undefined;
  return { lines, missing, ...(fix === undefined ? {} : { fix }) };
};
