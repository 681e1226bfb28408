import type { Schedule } from './schedule.ts';
import { print, runTests, type Outcome, type RunContext } from './steps.ts';
import { duration } from './summary.ts';

/** One more than the cores of the smallest machine: a file waits for leases, downloads and lifetimes most of the time. */
const FILES_AT_ONCE = 3;

/**
 * Runs each test file in a test runner of its own: those of `together` three at a time, then those of `alone`. Output
 * of files that run at the same time is printed when each has ended, so that it does not mix.
 */
export async function runSideBySide(
  context: RunContext,
  name: string,
  { together, alone }: Schedule,
  options: Readonly<{ timeoutSeconds: number; countFile: string }>,
): Promise<Outcome> {
  const started = performance.now();
  const outcomes: Outcome[] = [];
  const say = context.print ?? print;
  let count = 0;
  const run = async (file: string, output: 'live' | 'when ended'): Promise<void> => {
    say(`▸ ${file}\n`);
    const countFile = `${options.countFile}.${++count}`;
    const outcome = await runTests(context, file, [file], { ...options, countFile, concurrency: 1, output });
    say(`${outcome.ok ? '✓' : '✗'} ${file} (${duration(outcome.seconds)})\n`);
    outcomes.push(outcome);
  };
  const queue = [...together];
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift())
      await run(file, together.length > 1 ? 'when ended' : 'live');
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  for (const file of alone) await run(file, 'live');
  return merge(name, outcomes, (performance.now() - started) / 1000);
}

/** Adds the counts up; a file whose runner ended without counts is named. */
function merge(name: string, outcomes: readonly Outcome[], seconds: number): Outcome {
  if (outcomes.length === 0) return { name, ok: false, seconds, note: 'there are no test files' };
  const broken = outcomes.filter(({ counts }) => counts === undefined).map((outcome) => outcome.name);
  const sum = (of: 'passed' | 'failed' | 'cancelled'): number =>
    outcomes.reduce((total, { counts }) => total + (counts?.[of] ?? 0), 0);
  return {
    name,
    ok: outcomes.every(({ ok }) => ok),
    seconds,
    counts: {
      passed: sum('passed'),
      failed: sum('failed'),
      cancelled: sum('cancelled'),
      skipped: outcomes.flatMap(({ counts }) => counts?.skipped ?? []),
    },
    ...(broken.length === 0 ? {} : { note: `the test runner ended without a summary in ${broken.join(', ')}` }),
  };
}
