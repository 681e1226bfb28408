import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readCounts, type Counts } from './count-file.ts';

/** One part of the run, as it ended. `seconds` is wall-clock time. */
export type Outcome = Readonly<{ name: string; ok: boolean; seconds: number; counts?: Counts; note?: string }>;
export type Place = Readonly<{ root: string; env: Readonly<Record<string, string | undefined>> }>;

/** Runs a program of node_modules and lets its output through. */
export async function check(place: Place, name: string, script: string, args: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  const code = await run(place, [join(place.root, 'node_modules', script), ...args]);
  return { name, ok: code === 0, seconds: (performance.now() - started) / 1000 };
}

/** Runs test files, `concurrency` at once, with Node's own report on the output. A test that takes longer than `timeoutSeconds` fails. */
export async function runTests(place: Place, name: string, files: readonly string[], options: Readonly<{ concurrency: number; timeoutSeconds: number; countFile: string }>): Promise<Outcome> {
  if (files.length === 0) return { name, ok: false, seconds: 0, note: 'there are no test files' };
  const started = performance.now();
  const code = await run(place, [
    '--test', `--test-concurrency=${options.concurrency}`, `--test-timeout=${options.timeoutSeconds * 1000}`,
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    `--test-reporter=${join(import.meta.dirname, 'count-reporter.ts')}`, `--test-reporter-destination=${options.countFile}`,
    ...files,
  ]);
  const counts = readCounts(options.countFile);
  const seconds = (performance.now() - started) / 1000;
  return counts === undefined ? { name, ok: false, seconds, note: 'the test runner ended without a summary' } : { name, ok: code === 0, seconds, counts };
}

function run(place: Place, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: place.root, env: place.env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}
