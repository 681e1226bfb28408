import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { endToEndFiles, namedFiles, nextFiles, quickFiles, unitFiles } from './testing/files.ts';
import { findLeaks, leakedProcesses, lookAround, type Machine } from './testing/leaks.ts';
import { schedule } from './testing/schedule.ts';
import { runSideBySide } from './testing/side-by-side.ts';
import { check, runTests, type Outcome, type RunContext } from './testing/steps.ts';
import { summary } from './testing/summary.ts';

const HELP = `Usage: ./test [--quick] [--lint] [--types] [--unit] [--e2e] [--next] [files, folders or globs of tests]

Runs everything when nothing is named: 44 minutes on two cores.

  --quick   lint, types and the unit tests that need no sandbox: under three minutes
  --lint    oxlint, imports and glossary
  --types   tsc
  --unit    unit and contract tests
  --e2e     end-to-end tests of the whole platform
  --next    features and versions of Next.js on deployed sites: some forty builds, 22 minutes

Fails when the tests leave something behind: processes, mounts, namespaces, cgroups or temporary files.
`;
const UNIT_CONCURRENCY = 2;
/** For the runner a file is a test too: these bound whole files. */
const UNIT_TIMEOUT_SECONDS = 420;
const END_TO_END_TIMEOUT_SECONDS = 720;
const NEXT_TIMEOUT_SECONDS = 1_200;
/** Things that end on their own shortly after the tests are no leaks. */
const GRACE_MS = 10_000;

const { values, positionals } = parseArgs({
  options: {
    lint: { type: 'boolean' },
    types: { type: 'boolean' },
    unit: { type: 'boolean' },
    e2e: { type: 'boolean' },
    next: { type: 'boolean' },
    quick: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
  allowPositionals: true,
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}

const root = join(import.meta.dirname, '..');
const PARTS = ['lint', 'types', 'unit', 'e2e', 'next'] as const;
const quick = values.quick === true;
const everything = positionals.length === 0 && !quick && PARTS.every((name) => values[name] !== true);
const wants = (name: (typeof PARTS)[number]): boolean => everything || values[name] === true;
const started = performance.now();
const before = lookAround();
// short, since the paths of unix sockets end at 108 characters
const directory = await mkdtemp('/tmp/at-');
await chmod(directory, 0o755); // sandboxed processes run as other users and pass through it
const mark = directory.slice('/tmp/at-'.length);
// shared by all processes of the run, as `./up` does: each would strip the types of all that it loads otherwise
const compileCache = `${directory}.compiled`;
const shared = `${directory}.shared`;
const context: RunContext = {
  root,
  env: {
    ...withoutOwnSettings(process.env),
    TMPDIR: directory,
    ANCHOR_TEST_RUN: mark,
    ANCHOR_TEST_SHARED: shared,
    NODE_NO_WARNINGS: '1',
    NODE_COMPILE_CACHE: compileCache,
  },
};
const countFile = (name: string): string => `${directory}.${name}`;

const outcomes: Outcome[] = [];
if (quick || wants('lint')) {
  outcomes.push(await part('Format', () => check(context, 'format', 'node_modules/oxfmt/bin/oxfmt', ['--check', '.'])));
  outcomes.push(
    await part('Lint', () => check(context, 'lint', 'node_modules/oxlint/bin/oxlint', ['--deny-warnings'])),
  );
  outcomes.push(await part('Imports', () => check(context, 'imports', 'scripts/check-imports.ts', [])));
  outcomes.push(await part('Glossary', () => check(context, 'glossary', 'scripts/glossary.ts', [])));
}
if (quick || wants('types'))
  outcomes.push(await part('Types', () => check(context, 'types', 'node_modules/typescript/bin/tsc', ['--noEmit'])));
const named = positionals.length === 0 ? undefined : new Set(namedFiles(root, process.cwd(), positionals));
const units = quick ? quickFiles(root) : unitFiles(root);
const unit = named === undefined ? units : unitFiles(root).filter((file) => named.has(file));
const endToEnd = named === undefined ? endToEndFiles(root) : endToEndFiles(root).filter((file) => named.has(file));
if (quick || wants('unit') || (named !== undefined && unit.length > 0))
  outcomes.push(
    await part('Unit and contract tests', () =>
      runTests(context, 'unit and contract', unit, {
        concurrency: UNIT_CONCURRENCY,
        timeoutSeconds: UNIT_TIMEOUT_SECONDS,
        countFile: countFile('unit'),
      }),
    ),
  );
if (wants('e2e') || (named !== undefined && endToEnd.length > 0))
  outcomes.push(
    await part('End-to-end tests', () =>
      runSideBySide(context, 'end to end', schedule(endToEnd), {
        timeoutSeconds: END_TO_END_TIMEOUT_SECONDS,
        countFile: countFile('e2e'),
      }),
    ),
  );
const next = named === undefined ? nextFiles(root) : nextFiles(root).filter((file) => named.has(file));
if (wants('next') || (named !== undefined && next.length > 0))
  outcomes.push(
    await part('Next.js', () =>
      runSideBySide(context, 'next.js', schedule(next), {
        timeoutSeconds: NEXT_TIMEOUT_SECONDS,
        countFile: countFile('next'),
      }),
    ),
  );
outcomes.push(await nothingLeft(before));

for (const path of [directory, compileCache, shared])
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => console.error(String(error)));
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
  return {
    name: 'nothing left behind',
    ok: leaks.length === 0,
    seconds: (performance.now() - begin) / 1000,
    ...(leaks.length === 0 ? {} : { note: `${leaks.length} found` }),
  };
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/**
 * Removes the user's settings of the platform, and of the runner when it runs inside another: they must not affect the
 * tests.
 */
function withoutOwnSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('ANCHOR_') && !name.startsWith('NODE_TEST') && name !== 'NODE_OPTIONS',
    ),
  );
}
