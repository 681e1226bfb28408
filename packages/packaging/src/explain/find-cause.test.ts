import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { CASES } from './fixtures/log-cases.ts';
import { EXPECTED } from './fixtures/expected-causes.ts';
import { WRITTEN_LOGS } from './fixtures/written-logs.ts';
import { OutputTail } from './output-tail.ts';
import { findCause } from './find-cause.ts';

const LOGS = join(import.meta.dirname, 'fixtures/logs');
const read = (log: string): string => readFileSync(join(LOGS, `${log}.log`), 'utf8');
/** Lines of which none may be the cause of anything. */
const NEVER =
  /^\s*at |userMessage|^\s*[{}\]]|\u001b|\r|ELIFECYCLE|A complete log|\[#+-*\]|Progress: resolved|^\s*\^+\s*$|^Node\.js v/;

for (const { log, why, fix, missing = [] } of EXPECTED) {
  test(`the log ${log} is explained by the line that matters`, () => {
    const found = findCause(read(log));
    assert.deepEqual(found.lines, why);
    assert.equal(found.fix, fix);
    assert.deepEqual(found.missing, missing);
  });
}

for (const { log, text, why, fix } of WRITTEN_LOGS) {
  test(`the log ${log} of a bug report is explained by the line that matters, with its fix`, () => {
    const found = findCause(text.join('\n'));
    assert.deepEqual(found.lines, why);
    assert.equal(found.fix, fix);
  });
}

test('every log of the corpus has an expectation, and was recorded by the script', () => {
  const logs = readdirSync(LOGS)
    .map((file) => file.replace(/\.log$/, ''))
    .sort();
  assert.deepEqual(EXPECTED.map(({ log }) => log).sort(), logs);
  assert.deepEqual(CASES.map(({ name }) => name).sort(), logs);
  assert.ok(logs.length >= 60, `${logs.length} logs`);
});

test('colours, Windows line ends, progress bars and stacks after the error change nothing', () => {
  const noise = [
    ...Array.from({ length: 300 }, (_, at) => `    at e${at} (/app/.next/server/chunks/${at}.js:1:${at * 7})`),
    '    at async Promise.all (index 0)',
    '{',
    '  userMessage: undefined,',
    "  digest: '123'",
    '}',
    Array.from({ length: 50 }, (_, at) => `\r[${'#'.repeat(at)}${'-'.repeat(50 - at)}] ${at * 2} %`).join(''),
    '',
    'Node.js v26.10.0',
  ].join('\n');
  for (const { log, why } of EXPECTED) {
    const text = read(log);
    const coloured = text
      .split('\n')
      .map((line) => (line === '' ? line : `\u001b[31m${line}\u001b[39m`))
      .join('\n');
    for (const [kind, changed] of [
      ['coloured', coloured],
      ['CRLF', text.replaceAll('\n', '\r\n')],
      ['with noise', `${text}\n${noise}`],
    ] as const) {
      assert.deepEqual(findCause(changed).lines, why, `${log} ${kind}`);
    }
    assert.ok(why.length > 0 && why.every((line) => !NEVER.test(line)), `${log}: ${why.join('\n')}`);
  }
});

test('an error that megabytes of output follow is still found', () => {
  const tail = new OutputTail();
  tail.add('> next build\nError: DATABASE_URL environment variable is not set\n    at x (.next/server/a.js:1:2)\n');
  for (let at = 0; at < 40_000; at++) tail.add(`    at frame${at} (.next/server/app/api/route.js:1:${at})\n`);
  tail.add("> Build error occurred\n[Error: Failed to collect page data for /api] { type: 'Error' }\n");
  assert.ok(tail.text.length < 400_000, `${tail.text.length} characters are kept`);
  const found = findCause(tail.text);
  assert.deepEqual(found.lines, [
    'Error: DATABASE_URL environment variable is not set',
    'Failed to collect page data for /api',
  ]);
  assert.deepEqual(found.missing, ['DATABASE_URL']);
});

test("standard output and standard error do not break one another's lines", () => {
  const tail = new OutputTail();
  tail.add('compiling page 1 of', 'stdout');
  tail.add('Error: the menu has no entries\n', 'stderr');
  tail.add(' 2\n', 'stdout');
  assert.deepEqual(tail.text.split('\n'), ['Error: the menu has no entries', 'compiling page 1 of 2']);
});

test('a registry or font that is not found is not called "not installed"', () => {
  for (const log of [
    'npm-package-missing',
    'yarn4-package-missing',
    'pnpm-package-missing',
    'bun-package-missing',
    'next16-font',
    'prisma-engine-download',
  ]) {
    const { fix = '' } = findCause(read(log));
    assert.doesNotMatch(fix, /not installed|npm install /, `${log}: ${fix}`);
  }
});

test('variables are named in the words of many libraries', () => {
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ['Error: Environment variable not found: DATABASE_URL.', ['DATABASE_URL']],
    ['Error: Missing required environment variable: STRIPE_SECRET_KEY', ['STRIPE_SECRET_KEY']],
    [
      'Error: The OPENAI_API_KEY environment variable is missing or empty; either provide it, or instantiate the client.',
      ['OPENAI_API_KEY'],
    ],
    ['Error: Please define the MONGODB_URI environment variable inside .env.local', ['MONGODB_URI']],
    ['Error: NEXTAUTH_SECRET is not set', ['NEXTAUTH_SECRET']],
    ['Error: process.env.REDIS_URL is undefined', ['REDIS_URL']],
    ['Error: Missing environment variables: SMTP_HOST, SMTP_USER', ['SMTP_HOST', 'SMTP_USER']],
    ["❌ Invalid environment variables: { SESSION_SECRET: [ 'Required' ] }", ['SESSION_SECRET']],
    ['Error: Environment variable SANITY_PROJECT_ID must be set', ['SANITY_PROJECT_ID']],
    ['error: "JWT_SECRET" is required', ['JWT_SECRET']],
  ];
  for (const [line, names] of lines)
    assert.deepEqual(findCause(`> node build.js\n${line}\n    at x (/app/a.js:1:1)\n`).missing, names, line);
  for (const line of [
    'ReferenceError: API_URL is not defined',
    'warn: SENTRY_AUTH_TOKEN is not set, skipping the upload\nTypeError: x is not a function',
    'Error: ENOENT: no such file or directory',
    'TypeError: JSON is required',
  ]) {
    assert.deepEqual(findCause(line).missing, [], line);
  }
});

test('no output, however hostile, takes long or makes a long explanation', () => {
  const word = fc.constantFrom(
    '\u001b[',
    '\u001b]0;',
    '\r',
    '\n',
    'Error: ',
    'error ',
    'npm error ',
    '    at ',
    '(',
    ':1:1)',
    '➤ YN0028: │ ',
    '"path": [',
    'A_B ',
    'is not set',
    'env ',
    '/',
    '.',
    ' ',
    'a',
    'Z_',
    'build: ',
    "Module not found: Can't resolve '",
    "'",
    '{',
    '│',
    '[cause]: ',
    '{0}',
    '\0',
    '😀',
  );
  const text = fc.array(fc.tuple(word, fc.integer({ min: 1, max: 3000 })), { maxLength: 60 }).map((parts) =>
    parts
      .map(([part, times]) => part.repeat(times))
      .join('')
      .slice(0, 150_000),
  );
  fc.assert(
    fc.property(text, (output) => {
      const started = performance.now();
      const { lines, missing } = findCause(output);
      const took = performance.now() - started;
      assert.ok(took < 3_000, `${took} ms`);
      assert.ok(lines.length <= 8 && lines.join('\n').length <= 1_700 && missing.length <= 8);
      for (const line of lines) assert.ok(!/[\u0000-\u0008\u001b\r]/.test(line));
    }),
    { numRuns: 150 },
  );
});

test('a warning of a compilation that went well is not the cause of what failed later', () => {
  const typeError =
    " ⚠ Compiled with warnings in 4.2s\n\n./node_modules/node-fetch/lib/index.js\nModule not found: Can't resolve 'encoding' in '/app/node_modules/node-fetch/lib'\n\nImport trace for requested module:\n./node_modules/node-fetch/lib/index.js\n./app/page.tsx\n\n   Linting and checking validity of types ...\nFailed to compile.\n\n./app/page.tsx:3:7\nType error: Type 'string' is not assignable to type 'number'.\n\n  1 | x\n";
  assert.match(findCause(typeError).lines.join(' '), /app\/page\.tsx:3:7.*Type error/);
  const failed = `${typeError.replace(/Failed to compile[^]*/, '')}Failed to compile.\n\n./app/page.tsx\nModule not found: Can't resolve 'lodash'\n`;
  assert.match(findCause(failed).fix ?? '', /npm install lodash/);
  const webpack =
    "WARNING in ./a.js 1:1\nModule not found: Error: Can't resolve 'bufferutil' in '/app/node_modules/ws/lib'\n\nERROR in ./b.js 1:1\nModule not found: Error: Can't resolve 'left-pad' in '/app/src'\n";
  assert.match(findCause(webpack).fix ?? '', /npm install left-pad/);
  const font =
    'Failed to fetch `Inter` from Google Fonts.\nRetrying 1/3...\n   Linting and checking validity of types ...\nFailed to compile.\n\n./app/page.tsx:3:7\nType error: No.\n';
  assert.match(findCause(font).lines.join(' '), /Type error: No/);
});

test('a page of Next.js that reads data outside of <Suspense> with cacheComponents gets its own fix', () => {
  const found = findCause(
    'Generating static pages using 1 worker (0/6) ...\nError: Route "/photo/[id]": Next.js encountered uncached or runtime data during prerendering.\n\n`fetch(...)`, `cookies()` accessed outside of `<Suspense>` prevents the route from being prerendered.\n    at body (<anonymous>)\nError occurred prerendering page "/photo/[id]". Read more: https://nextjs.org/docs/messages/prerender-error\n',
  );
  assert.match(found.lines[0] ?? '', /Route "\/photo\/\[id\]"/);
  assert.match(found.fix ?? '', /<Suspense>.*"use cache"/);
  assert.doesNotMatch(found.fix ?? '', /force-dynamic/);
});

test('a script with the line ends of Windows is named as one, whichever program refuses it', () => {
  for (const line of [
    '/usr/bin/env: ‘bash\\r’: No such file or directory',
    "./start.sh: line 2: $'\\r': command not found",
    'bash: ./build.sh: /bin/sh^M: bad interpreter: No such file or directory',
  ])
    assert.match(findCause(`> ./build.sh\n${line}\n`).fix ?? '', /eol=lf.*git add --renormalize/, line);
  const script = findCause('> ./build.sh\nsh: 1: ./build.sh: not found\n');
  assert.match(script.fix ?? '', /^Check that \.\/build\.sh is committed.*line ends of Windows/);
  assert.match(findCause('sh: 1: hugo: not found\n').fix ?? '', /package that brings hugo/);
});
