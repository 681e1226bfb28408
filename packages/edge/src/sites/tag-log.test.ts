import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { dpl } from '../test-bed.ts';
import { TagLogs, type Standing } from './tag-log.ts';

type Asked = { standing(tags: string[], madeAt?: number, now?: number): Standing; isStale(tags: string[]): boolean };
function logIn(t: TestContext): { path: string; logs: Asked } {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-test-tags-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'tags.log');
  const logs = new TagLogs(() => path);
  const standing = (tags: string[], madeAt = 0, now = 10): Standing => logs.standing(dpl(1), tags, madeAt, now);
  return { path, logs: { standing, isStale: (tags) => standing(tags) !== 'fresh' } };
}
const line = (tag: string): string => `${JSON.stringify({ tag, at: 1 })}\n`;

test('a tag is stale once it is in the log, also when its line came in two pieces', (t) => {
  const { path, logs } = logIn(t);
  assert.equal(logs.isStale(['a']), false);
  writeFileSync(path, line('b') + line('ä').slice(0, 9));
  assert.equal(logs.isStale(['a', 'ä']), false);
  appendFileSync(path, line('ä').slice(9) + line('a'));
  assert.equal(logs.isStale(['a']), true);
  assert.equal(logs.isStale(['ä']), true);
  assert.equal(logs.isStale(['c']), false);
  rmSync(path);
  assert.equal(logs.isStale(['a']), false);
});

test('a pipe in place of the log does not hold up the edge', { timeout: 10_000 }, async (t) => {
  const { path } = logIn(t);
  execFileSync('mkfifo', [path]);
  // In a process of its own: an open that waits could not be interrupted here.
  const code = `const { TagLogs } = await import(${JSON.stringify(new URL('./tag-log.ts', import.meta.url).href)}); console.log(new TagLogs(() => ${JSON.stringify(path)}).standing('dpl_1', ['a'], 0, 1));`;
  const said = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code], { timeout: 5_000, encoding: 'utf8' });
  assert.equal(said.trim(), 'expired');
});

test('a link in place of the log is not followed', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(`${path}.other`, line('a'));
  symlinkSync(`${path}.other`, path);
  assert.equal(logs.isStale(['never named']), true);
  rmSync(path);
  assert.equal(logs.isStale(['a']), false);
});

test('a log of a terabyte is not read: its pages go to the function', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
  const begun = performance.now();
  assert.equal(logs.isStale(['a']), true);
  assert.ok(performance.now() - begun < 500);
});

test('a long log is read in pieces, and every tag counts as stale until all is read', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, line('x'.repeat(1000)).repeat(3000) + line('a'));
  let looks = 0;
  while (logs.isStale(['unnamed'])) assert.ok(++looks < 20);
  assert.ok(looks >= 2, 'one look must not read it all');
  assert.equal(logs.isStale(['a']), true);
});

test('a deployment that names tags without end uses up its own memory, not that of others', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-test-tags-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const logs = new TagLogs((id) => join(directory, id), undefined, 100_000);
  writeFileSync(join(directory, dpl(2)), line('a'));
  assert.equal(logs.standing(dpl(2), ['b'], 0, 10), 'fresh');
  for (let i = 0; i < 20; i++) appendFileSync(join(directory, dpl(1)), line(`${i}${'x'.repeat(10_000)}`));
  assert.equal(logs.standing(dpl(1), ['b'], 0, 10), 'expired');
  appendFileSync(join(directory, dpl(1)), line('c'));
  assert.equal(logs.standing(dpl(1), ['b'], 0, 10), 'expired');
  assert.deepEqual([logs.standing(dpl(2), ['b'], 0, 10), logs.standing(dpl(2), ['a'], 0, 10)], ['fresh', 'expired']);
  // Written anew with less, it counts again.
  writeFileSync(join(directory, 'new'), line('c'));
  renameSync(join(directory, 'new'), join(directory, dpl(1)));
  assert.deepEqual([logs.standing(dpl(1), ['b'], 0, 10), logs.standing(dpl(1), ['c'], 0, 10)], ['fresh', 'expired']);
});

test('what was made after an invalidation is fresh, what was made before it is not', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, `${JSON.stringify({ tag: 'a', at: 5 })}\n${JSON.stringify({ tag: 'a', at: 3 })}\n`);
  assert.deepEqual([4, 5, 6].map((madeAt) => logs.standing(['x', 'a'], madeAt)), ['expired', 'fresh', 'fresh']);
});

test('with a profile it is stale, and from its end on unusable', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, `${JSON.stringify({ tag: 'a', at: 5, expires: 20 })}\n${JSON.stringify({ tag: 'b', at: 5, expires: null })}\n`);
  assert.deepEqual([logs.standing(['a'], 4, 19), logs.standing(['a'], 4, 20), logs.standing(['a'], 5, 20), logs.standing(['b'], 4, 1e9)], ['stale', 'expired', 'fresh', 'stale']);
  appendFileSync(path, line('b').replace('"at":1', '"at":6'));
  assert.equal(logs.standing(['b'], 5, 7), 'expired');
});

test('a log that is replaced by a shorter or an equal one is read anew', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, line('a'));
  assert.equal(logs.isStale(['a']), true);
  writeFileSync(`${path}.new`, line('b'));
  renameSync(`${path}.new`, path);
  assert.deepEqual([logs.isStale(['a']), logs.isStale(['b'])], [false, true]);
});
