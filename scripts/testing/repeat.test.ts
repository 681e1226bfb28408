import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { repeatFailures } from './repeat.ts';
import { runTests, type Outcome, type RunContext } from './steps.ts';

/** Fails in its first run only. */
const ONCE = (name: string): string => `
import { test } from 'node:test';
import { existsSync, writeFileSync } from 'node:fs';
test('second time', () => {
  if (existsSync('${name}.ran')) return;
  writeFileSync('${name}.ran', '');
  throw new Error('first time');
});
`;
const ALWAYS = `import { test } from 'node:test'; test('never', () => { throw new Error('on purpose'); });`;
const FINE = `import { test } from 'node:test'; test('fine', () => {});`;

test('a file that passes when repeated is named as flaky', async (t) => {
  const { first, repeated } = await run(t, { a: ONCE('a'), b: FINE });
  assert.equal(first.ok, false);
  assert.equal(repeated.ok, true);
  assert.deepEqual([repeated.counts?.passed, repeated.counts?.failed], [2, 0]);
  assert.match(repeated.note ?? '', /FLAKY, passed only when repeated: a\.test\.mjs/);
});

test('a file that fails again fails the run', async (t) => {
  const { repeated } = await run(t, { a: ALWAYS, b: ONCE('b') });
  assert.equal(repeated.ok, false);
  assert.match(repeated.note ?? '', /failed again/);
});

test('with three files that fail none is repeated', async (t) => {
  const { first, repeated } = await run(t, { a: ONCE('a'), b: ONCE('b'), c: ONCE('c') });
  assert.equal(repeated, first);
});

test('a part that failed without tests is not repeated', async () => {
  const outcome: Outcome = { name: 'types', ok: false, seconds: 1 };
  const context: RunContext = { root: '/', env: {} };
  assert.deepEqual(await repeatFailures(context, [outcome], { timeoutSeconds: 1, countFile: '/none' }), [outcome]);
});

async function run(
  t: TestContext,
  files: Readonly<Record<string, string>>,
): Promise<Readonly<{ first: Outcome; repeated: Outcome }>> {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, `${name}.test.mjs`), text);
  const context: RunContext = { root, env: { PATH: process.env.PATH }, print: () => undefined };
  const options = { timeoutSeconds: 30, countFile: join(root, 'counts') };
  const names = Object.keys(files).map((name) => `${name}.test.mjs`);
  const first = await runTests(context, 'some', names, { ...options, concurrency: 2 });
  const [repeated] = await repeatFailures(context, [first], options);
  assert.ok(repeated !== undefined);
  return { first, repeated };
}
