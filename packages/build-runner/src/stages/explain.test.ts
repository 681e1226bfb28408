import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Disk, SandboxHandle } from '@anchor/core/ports/sandbox.ts';
import { explainFailure, type FailureContext } from './explain.ts';
import { DEFAULT_LIMITS } from '../session/limits.ts';
import { OutputTail } from '@anchor/packaging/explain/output-tail.ts';

const LOGS = join(import.meta.dirname, '../../../packaging/src/explain/fixtures/logs');
const logOf = (name: string): string => readFileSync(join(LOGS, `${name}.log`), 'utf8');

/** Explains an output with a sandbox and a disk that only report their use. */
function explain(
  output: string,
  changes: Partial<FailureContext> = {},
  usage: Partial<Awaited<ReturnType<SandboxHandle['usage']>>> = {},
  full = false,
) {
  const tail = new OutputTail();
  tail.add(output);
  const sandbox = {
    usage: async () => ({ memoryPeakMb: 10, residentMb: 0, oomKills: 0, processLimitHits: 0, ...usage }),
  } as unknown as SandboxHandle;
  const disk = { free: async () => ({ full, usedMb: 1, sizeMb: 2 }) } as unknown as Disk;
  return explainFailure(
    { exit: { code: 1, signal: null }, tail },
    {
      what: 'The build',
      code: 'build_failed',
      fix: 'Run it locally.',
      sandbox,
      disk,
      limits: { ...DEFAULT_LIMITS, memoryMb: 4096 },
      variables: { ANCHOR_ENV: 'production' },
      runOnly: [],
      branch: 'main',
      early: undefined,
      redact: (text) => text.replaceAll('s3cr3t', '•••'),
      ...changes,
    },
  );
}

test('a variable that is missing is named, with the commands that set it and build again', async () => {
  const error = await explain(logOf('next16-variable-missing'));
  assert.deepEqual(error, {
    code: 'build_failed',
    message: 'The build failed: DATABASE_URL is not set',
    fix: 'Run `anchor env set DATABASE_URL -e production`, then `anchor redeploy -e production`.',
    cause: 'Error: DATABASE_URL environment variable is not set\nFailed to collect page data for /api/users',
  });
  const two = await explain(logOf('next16-variables-zod'), {
    variables: { ANCHOR_ENV: 'preview' },
    branch: 'feat/login',
  });
  assert.equal(two.message, 'The build failed: DATABASE_URL, STRIPE_KEY are not set');
  assert.equal(
    two.fix,
    'Run `anchor env set DATABASE_URL -e preview` and `anchor env set STRIPE_KEY -e preview`, then `anchor redeploy --branch feat/login`.',
  );
  const runOnly = await explain(logOf('next16-variable-missing'), { runOnly: ['DATABASE_URL'] });
  assert.equal(runOnly.message, 'The build failed: DATABASE_URL is not set while building, only in functions');
  assert.equal(
    runOnly.fix,
    'Run `anchor env set DATABASE_URL -e production --scope both`, then `anchor redeploy -e production`.',
  );
});

test('a variable that is set is not called missing', async () => {
  const error = await explain(logOf('next16-variable-missing'), {
    variables: { ANCHOR_ENV: 'production', DATABASE_URL: 'postgres://db' },
  });
  assert.equal(error.message, 'The build failed with exit code 1');
});

test('limits take precedence over the output, and name the flag that raises them', async () => {
  const memory = await explain('Killed\n', {}, { oomKills: 1 });
  assert.deepEqual(
    [memory.code, memory.cause],
    ['build_out_of_memory', 'The build was stopped at its limit of 4096 MB.'],
  );
  assert.match(memory.fix, /\.\/up --build-memory-mb 8192/);
  const heap = await explain(logOf('node-heap'));
  assert.equal(heap.code, 'build_out_of_memory');
  assert.match(heap.cause ?? '', /heap limit: FATAL ERROR: .*JavaScript heap out of memory$/);
  assert.match(
    heap.fix,
    /`anchor env set NODE_OPTIONS=--max-old-space-size=3072 -e production --scope build --plain`, then `anchor redeploy -e production`\.$/,
  );
  const low = await explain(logOf('node-heap'), {
    variables: { ANCHOR_ENV: 'preview', NODE_OPTIONS: '--max-old-space-size=512 --openssl-legacy-provider' },
  });
  assert.match(
    low.fix,
    /`anchor env set 'NODE_OPTIONS=--openssl-legacy-provider --max-old-space-size=3072' -e preview --scope build --plain`, then `anchor redeploy --branch main`\.$/,
    'other options stay',
  );
  const raised = await explain(logOf('node-heap'), {
    variables: { NODE_OPTIONS: '--no-warnings --max-old-space-size=4096' },
  });
  assert.match(raised.fix, /\.\/up --build-memory-mb 8192/);
  assert.match((await explain(logOf('node-disk-full'))).fix, /--build-disk-mb/);
  assert.equal((await explain('x', {}, {}, true)).code, 'build_out_of_disk');
  assert.match((await explain('x', {}, { processLimitHits: 3 })).fix, /--build-processes/);
});

test('a build over its time limit reports what it was doing', async () => {
  const early = {
    code: 'build_timeout',
    message: 'The build took longer than 30 minutes',
    cause: 'It was stopped at the time limit.',
    fix: 'x',
  } as const;
  const error = await explain(
    '> next build\n  Generating static pages (0/4)\r  Generating static pages (3/4) s3cr3t \n\n',
    { early },
  );
  assert.equal(
    error.cause,
    'It was stopped at the time limit. The last line of its output: Generating static pages (3/4) •••',
  );
});

test('secrets are removed from the cause, and a command without output has one too', async () => {
  assert.equal((await explain('Error: the token s3cr3t is not valid\n')).cause, 'Error: the token ••• is not valid');
  assert.equal((await explain('')).cause, 'It printed nothing and exited with exit code 1.');
});

test('neither cause nor fix repeats a secret that the output named', async () => {
  const error = await explain("Error: Cannot find module 's3cr3t-value'\nRequire stack:\n- /app/a.js\n");
  assert.doesNotMatch(JSON.stringify(error), /s3cr3t/);
});

test('a limit of watched files is not a full disk', async () => {
  const error = await explain("Error: ENOSPC: System limit for number of file watchers reached, watch '/app/src'\n");
  assert.equal(error.code, 'build_failed');
});
