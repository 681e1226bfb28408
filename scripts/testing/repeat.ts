import { isAbsolute, relative } from 'node:path';
import { runTests, type Outcome, type RunContext } from './steps.ts';

/** More failed files than this are no coincidence: none is repeated. */
const MAX_REPEATED = 2;

export type RepeatOptions = Readonly<{ timeoutSeconds: number; countFile: string }>;

/**
 * Runs each file with failures once more, by itself, when there are at most two. A part whose files all pass this time
 * counts as passed, and its note names them as flaky. The machines of CI stall for seconds at times, which is longer
 * than the deadlines that tests of timeouts need.
 */
export async function repeatFailures(
  context: RunContext,
  outcomes: readonly Outcome[],
  options: RepeatOptions,
): Promise<readonly Outcome[]> {
  const files = outcomes.flatMap((outcome) => outcome.counts?.failedFiles ?? []);
  if (files.length === 0 || files.length > MAX_REPEATED) return outcomes;
  const result: Outcome[] = [];
  for (const outcome of outcomes)
    result.push(isRepeatable(outcome) ? await repeatPart(context, outcome, options) : outcome);
  return result;
}

/** A part that failed without naming a file, such as types, would fail again. */
const isRepeatable = ({ ok, counts, note }: Outcome): boolean =>
  !ok && note === undefined && counts !== undefined && counts.failedFiles.length > 0;

async function repeatPart(context: RunContext, outcome: Outcome, options: RepeatOptions): Promise<Outcome> {
  const { counts } = outcome;
  if (counts === undefined) return outcome;
  const files = counts.failedFiles.map((file) => (isAbsolute(file) ? relative(context.root, file) : file));
  const repeated = await runTests(context, outcome.name, files, { ...options, concurrency: 1 });
  const seconds = outcome.seconds + repeated.seconds;
  if (!repeated.ok) return { ...outcome, seconds, note: `failed again when repeated: ${files.join(', ')}` };
  return {
    ...outcome,
    ok: true,
    seconds,
    counts: { ...counts, passed: counts.passed + counts.failed + counts.cancelled, failed: 0, cancelled: 0 },
    note: `FLAKY, passed only when repeated: ${files.join(', ')}`,
  };
}
