import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runSideBySide } from './side-by-side.ts';

/** Passes when the other files start while it runs. */
const MEETS = (own: string, others: readonly string[]): string => `
import { test } from 'node:test';
import { existsSync, writeFileSync } from 'node:fs';
test('${own} meets ${others.join(' and ')}', async () => {
  writeFileSync('${own}.started', '');
  for (const other of ${JSON.stringify(others)})
    while (!existsSync(other + '.started')) await new Promise((resolve) => setTimeout(resolve, 5));
});
process.on('exit', () => writeFileSync('${own}.ended', ''));
`;
const ALONE = `
import { test } from 'node:test';
import { existsSync } from 'node:fs';
test('all have ended', () => {
  for (const name of ['a', 'b', 'c']) if (!existsSync(name + '.ended')) throw new Error('not alone');
});
test('fails', () => { throw new Error('on purpose'); });
test('skipped', { skip: 'not here' }, () => {});
`;

test('three files run at a time, the others alone after them, and their counts are added up', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({
    a: MEETS('a', ['b', 'c']),
    b: MEETS('b', ['a', 'c']),
    c: MEETS('c', ['a', 'b']),
    alone: ALONE,
  }))
    await writeFile(join(root, `${name}.test.mjs`), text);
  const printed: string[] = [];
  const outcome = await runSideBySide(
    { root, env: { PATH: process.env.PATH }, print: (text) => void printed.push(String(text)) },
    'some',
    { together: ['a.test.mjs', 'b.test.mjs', 'c.test.mjs'], alone: ['alone.test.mjs'] },
    { timeoutSeconds: 30, countFile: join(root, 'counts') },
  );
  const { ok, counts } = outcome;
  assert.deepEqual([ok, counts], [false, { passed: 4, failed: 1, cancelled: 0, skipped: ['skipped (not here)'] }]);
  assert.equal(printed.filter((text) => text.includes('a meets') && !/[bc] meets/.test(text)).length, 1);
});

test('a file whose runner cannot count is a failure', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'anchor-test-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  const options = { timeoutSeconds: 30, countFile: join(root, 'missing', 'counts') };
  const context = { root, env: { PATH: process.env.PATH }, print: () => undefined };
  const outcome = await runSideBySide(context, 'some', { together: [], alone: ['none.test.mjs'] }, options);
  assert.equal(outcome.ok, false);
  assert.match(outcome.note ?? '', /without a summary in none\.test\.mjs/);
  assert.equal((await runSideBySide(context, 'some', { together: [], alone: [] }, options)).ok, false);
});
