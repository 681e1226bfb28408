import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCounts, type Counts } from './count-file.ts';

/** One part of the run, as it ended. `seconds` is wall-clock time. */
export type Outcome = Readonly<{ name: string; ok: boolean; seconds: number; counts?: Counts; note?: string }>;
/** `print`: where the output goes in place of this process's own. */
export type RunContext = Readonly<{
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  print?: (text: string | Uint8Array) => void;
}>;

/** Runs a script, by its path in the repository, and lets its output through. */
export async function check(
  context: RunContext,
  name: string,
  script: string,
  args: readonly string[],
): Promise<Outcome> {
  const started = performance.now();
  const code = await run(context, [join(context.root, script), ...args]);
  return { name, ok: code === 0, seconds: (performance.now() - started) / 1000 };
}

/** Whether what a process prints is passed on as it comes, or as a whole when the process has ended. */
type Output = 'live' | 'when ended';

/**
 * Runs test files, `concurrency` at once, with Node's own report on the output. A test that takes longer than
 * `timeoutSeconds` fails. Creates `countFile` and removes it.
 */
export async function runTests(
  context: RunContext,
  name: string,
  files: readonly string[],
  options: Readonly<{ concurrency: number; timeoutSeconds: number; countFile: string; output?: Output }>,
): Promise<Outcome> {
  if (files.length === 0) return { name, ok: false, seconds: 0, note: 'there are no test files' };
  const started = performance.now();
  const args = [
    '--test',
    `--test-concurrency=${options.concurrency}`,
    `--test-timeout=${options.timeoutSeconds * 1000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(import.meta.dirname, 'count-reporter.ts')}`,
    `--test-reporter-destination=${options.countFile}`,
    ...files,
  ];
  const code = await run(context, args, options.output);
  const counts = readCounts(options.countFile);
  await rm(options.countFile, { force: true });
  const seconds = (performance.now() - started) / 1000;
  return counts === undefined
    ? { name, ok: false, seconds, note: 'the test runner ended without a summary' }
    : { name, ok: code === 0, seconds, counts };
}

function run(context: RunContext, args: readonly string[], output: Output = 'live'): Promise<number> {
  return new Promise((resolve) => {
    const stdio = output === 'live' && context.print === undefined ? 'inherit' : 'pipe';
    const child = spawn(process.execPath, args, {
      cwd: context.root,
      env: context.env,
      stdio: ['ignore', stdio, stdio],
    });
    const printed: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => printed.push(bytes));
    child.on('error', () => resolve(127));
    child.on('close', (code) => {
      (context.print ?? print)(Buffer.concat(printed));
      resolve(code ?? 1);
    });
  });
}

export const print = (text: string | Uint8Array): void => void process.stdout.write(text);
