import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { endToEndFiles, namedFiles, nextFiles, unitFiles } from './testing/files.ts';
import { findLeaks, leakedProcesses, lookAround, type Machine } from './testing/leaks.ts';
import { check, runTests, type Outcome, type Place } from './testing/steps.ts';
import { summary } from './testing/summary.ts';

const HELP = `Usage: ./test [--lint] [--types] [--unit] [--e2e] [--next] [files, folders or globs of tests]

With nothing named it runs everything: lint, types, unit and contract tests, end-to-end tests, and --next, the features
and versions of Next.js on deployed sites (some forty builds): 40 minutes on two cores. --lint --types --unit --e2e is
a third of that.
At the end it looks for what tests left behind (processes, mounts, namespaces, cgroups, temp
files) and fails when there is something.
`;
const UNIT_CONCURRENCY = 2;
/** For the runner a file is a test too: these bound whole files. */
const UNIT_TIMEOUT_SECONDS = 420;
const END_TO_END_TIMEOUT_SECONDS = 720;
const NEXT_TIMEOUT_SECONDS = 1_200;
/** Things that end on their own shortly after the tests are no leaks. */
const GRACE_MS = 10_000;

const { values, positionals } = parseArgs({
  options: { lint: { type: 'boolean' }, types: { type: 'boolean' }, unit: { type: 'boolean' }, e2e: { type: 'boolean' }, next: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}

const root = join(import.meta.dirname, '..');
const everything = positionals.length === 0 && values.lint !== true && values.types !== true && values.unit !== true && values.e2e !== true && values.next !== true;
const started = performance.now();
const before = lookAround();
// short, since the paths of unix sockets end at 108 characters
const directory = await mkdtemp('/tmp/at-');
await chmod(directory, 0o755); // sandboxed processes run as other users and pass through it
const mark = directory.slice('/tmp/at-'.length);
const place: Place = { root, env: { ...withoutOwnSettings(process.env), TMPDIR: directory, ANCHOR_TEST_RUN: mark, NODE_NO_WARNINGS: '1' } };
const countFile = (name: string): string => `${directory}.${name}`;

const outcomes: Outcome[] = [];
if (everything || values.lint === true) outcomes.push(await part('Lint', () => check(place, 'lint', 'oxlint/bin/oxlint', ['--deny-warnings'])));
if (everything || values.types === true) outcomes.push(await part('Types', () => check(place, 'types', 'typescript/bin/tsc', ['--noEmit'])));
const named = positionals.length === 0 ? undefined : new Set(namedFiles(root, process.cwd(), positionals));
const unit = named === undefined ? unitFiles(root) : unitFiles(root).filter((file) => named.has(file));
const endToEnd = named === undefined ? endToEndFiles(root) : endToEndFiles(root).filter((file) => named.has(file));
if (everything || values.unit === true || (named !== undefined && unit.length > 0)) outcomes.push(await part('Unit and contract tests', () => runTests(place, 'unit and contract', unit, { concurrency: UNIT_CONCURRENCY, timeoutSeconds: UNIT_TIMEOUT_SECONDS, countFile: countFile('unit') })));
if (everything || values.e2e === true || (named !== undefined && endToEnd.length > 0)) outcomes.push(await part('End-to-end tests', () => runTests(place, 'end to end', endToEnd, { concurrency: 1, timeoutSeconds: END_TO_END_TIMEOUT_SECONDS, countFile: countFile('e2e') })));
const next = named === undefined ? nextFiles(root) : nextFiles(root).filter((file) => named.has(file));
if (everything || values.next === true || (named !== undefined && next.length > 0)) outcomes.push(await part('Next.js', () => runTests(place, 'next.js', next, { concurrency: 1, timeoutSeconds: NEXT_TIMEOUT_SECONDS, countFile: countFile('next') })));
outcomes.push(await nothingLeft(before));

for (const file of [directory, countFile('unit'), countFile('e2e'), countFile('next')]) await rm(file, { recursive: true, force: true }).catch((error: unknown) => console.error(String(error)));
console.log(summary(outcomes, (performance.now() - started) / 1000));
process.exitCode = outcomes.every((outcome) => outcome.ok) ? 0 : 1;

function part(title: string, work: () => Promise<Outcome>): Promise<Outcome> {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(0, 56 - title.length))}`);
  return work();
}

/** Waits a moment for what is still ending, then names what stays, and ends the processes that the tests left. */
async function nothingLeft(machine: Machine): Promise<Outcome> {
  const begin = performance.now();
  let leaks = findLeaks(machine, directory, mark);
  while (leaks.length > 0 && performance.now() - begin < GRACE_MS) {
    await pause(200);
    leaks = findLeaks(machine, directory, mark);
  }
  for (const leak of leaks) console.error(`left behind: ${leak}`);
  for (const { pid } of leakedProcesses(directory, mark)) end(pid);
  return { name: 'nothing left behind', ok: leaks.length === 0, seconds: (performance.now() - begin) / 1000, ...(leaks.length === 0 ? {} : { note: `${leaks.length} found` }) };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/** A person's own settings of the platform, and of the runner when it runs inside another, must not steer the tests. */
function withoutOwnSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ANCHOR_') && !name.startsWith('NODE_TEST') && name !== 'NODE_OPTIONS'));
}
