import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { dpl } from '../test-bed.ts';
import { TagLogs } from './tag-log.ts';

function logIn(t: TestContext): { path: string; logs: TagLogs } {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-test-tags-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'tags.log');
  return { path, logs: new TagLogs(() => path) };
}
const line = (tag: string): string => `${JSON.stringify({ tag, at: 1 })}\n`;

test('a tag is stale once it is in the log, also when its line came in two pieces', (t) => {
  const { path, logs } = logIn(t);
  assert.equal(logs.isStale(dpl(1), ['a']), false);
  writeFileSync(path, line('b') + line('ä').slice(0, 9));
  assert.equal(logs.isStale(dpl(1), ['a', 'ä']), false);
  appendFileSync(path, line('ä').slice(9) + line('a'));
  assert.equal(logs.isStale(dpl(1), ['a']), true);
  assert.equal(logs.isStale(dpl(1), ['ä']), true);
  assert.equal(logs.isStale(dpl(1), ['c']), false);
  rmSync(path);
  assert.equal(logs.isStale(dpl(1), ['a']), false);
});

test('a pipe in place of the log does not hold up the edge', { timeout: 10_000 }, async (t) => {
  const { path } = logIn(t);
  execFileSync('mkfifo', [path]);
  // In a process of its own: an open that waits could not be interrupted here.
  const code = `const { TagLogs } = await import(${JSON.stringify(new URL('./tag-log.ts', import.meta.url).href)}); console.log(new TagLogs(() => ${JSON.stringify(path)}).isStale('dpl_1', ['a']));`;
  const said = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code], { timeout: 5_000, encoding: 'utf8' });
  assert.equal(said.trim(), 'true');
});

test('a link in place of the log is not followed', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(`${path}.other`, line('a'));
  symlinkSync(`${path}.other`, path);
  assert.equal(logs.isStale(dpl(1), ['never named']), true);
  rmSync(path);
  assert.equal(logs.isStale(dpl(1), ['a']), false);
});

test('a log of a terabyte is not read: its pages go to the function', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  const begun = performance.now();
  assert.equal(logs.isStale(dpl(1), ['a']), true);
  assert.ok(performance.now() - begun < 500);
});

test('a long log is read in pieces, and every tag counts as stale until all is read', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, line('x'.repeat(1000)).repeat(3000) + line('a'));
  let looks = 0;
  while (logs.isStale(dpl(1), ['unnamed'])) assert.ok(++looks < 20);
  assert.ok(looks >= 2, 'one look must not read it all');
  assert.equal(logs.isStale(dpl(1), ['a']), true);
});
