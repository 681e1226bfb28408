import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { dpl } from '../testing/test-bed.ts';
import { TagInvalidationLog } from './tag-invalidations.ts';
import type { Freshness } from '../util/page-metadata.ts';

type LogView = {
  freshness(tags: string[], madeAt?: number, now?: number): Freshness;
  isStale(tags: string[]): boolean;
};
function logIn(t: TestContext): { path: string; logs: LogView } {
  const directory = mkdtempSync(join(tmpdir(), 'anchor-test-tags-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'tags.log');
  const logs = new TagInvalidationLog(() => path);
  const freshness = (tags: string[], madeAt = 0, now = 10): Freshness => logs.freshness(dpl(1), tags, madeAt, now);
  return { path, logs: { freshness, isStale: (tags) => freshness(tags) !== 'fresh' } };
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

test('while the disk of a log is not mounted yet, every tag may be invalidated', (t) => {
  const { path } = logIn(t);
  const directory = join(path, '..');
  symlinkSync('disk/dpl', join(directory, 'cache'));
  const logs = new TagInvalidationLog(() => join(directory, 'cache', 'tags.log'));
  const freshness = (): Freshness => logs.freshness(dpl(1), ['a'], 5, 10);
  assert.equal(freshness(), 'expired');
  mkdirSync(join(directory, 'disk/dpl'), { recursive: true });
  assert.equal(freshness(), 'fresh');
  writeFileSync(join(directory, 'disk/dpl/tags.log'), `${JSON.stringify({ tag: 'a', at: 9 })}\n`);
  assert.equal(freshness(), 'expired');
});

test('a pipe in place of the log does not hold up the edge', { timeout: 10_000 }, async (t) => {
  const { path } = logIn(t);
  execFileSync('mkfifo', [path]);
  // In a process of its own: an open that waits could not be interrupted here.
  const code = `const { TagInvalidationLog } = await import(${JSON.stringify(new URL('./tag-invalidations.ts', import.meta.url).href)}); console.log(new TagInvalidationLog(() => ${JSON.stringify(path)}).freshness('dpl_1', ['a'], 0, 1));`;
  const printed = execFileSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code],
    { timeout: 5_000, encoding: 'utf8' },
  );
  assert.equal(printed.trim(), 'expired');
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
  const startedAt = performance.now();
  assert.equal(logs.isStale(['a']), true);
  assert.ok(performance.now() - startedAt < 500);
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
  const logs = new TagInvalidationLog((id) => join(directory, id), undefined, 100_000);
  writeFileSync(join(directory, dpl(2)), line('a'));
  assert.equal(logs.freshness(dpl(2), ['b'], 0, 10), 'fresh');
  for (let i = 0; i < 20; i++) appendFileSync(join(directory, dpl(1)), line(`${i}${'x'.repeat(10_000)}`));
  assert.equal(logs.freshness(dpl(1), ['b'], 0, 10), 'expired');
  appendFileSync(join(directory, dpl(1)), line('c'));
  assert.equal(logs.freshness(dpl(1), ['b'], 0, 10), 'expired');
  assert.deepEqual([logs.freshness(dpl(2), ['b'], 0, 10), logs.freshness(dpl(2), ['a'], 0, 10)], ['fresh', 'expired']);
  // Rewritten with fewer lines, it counts again.
  writeFileSync(join(directory, 'new'), line('c'));
  renameSync(join(directory, 'new'), join(directory, dpl(1)));
  assert.deepEqual([logs.freshness(dpl(1), ['b'], 0, 10), logs.freshness(dpl(1), ['c'], 0, 10)], ['fresh', 'expired']);
});

test('a page rendered after an invalidation is fresh, one rendered before it is not', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, `${JSON.stringify({ tag: 'a', at: 5 })}\n${JSON.stringify({ tag: 'a', at: 3 })}\n`);
  assert.deepEqual(
    [4, 5, 6].map((madeAt) => logs.freshness(['x', 'a'], madeAt)),
    ['expired', 'fresh', 'fresh'],
  );
});

test('with a profile it is stale, and from its end on unusable', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(
    path,
    `${JSON.stringify({ tag: 'a', at: 5, expires: 20 })}\n${JSON.stringify({ tag: 'b', at: 5, expires: null })}\n`,
  );
  assert.deepEqual(
    [
      logs.freshness(['a'], 4, 19),
      logs.freshness(['a'], 4, 20),
      logs.freshness(['a'], 5, 20),
      logs.freshness(['b'], 4, 1e9),
    ],
    ['stale', 'expired', 'fresh', 'stale'],
  );
  appendFileSync(path, line('b').replace('"at":1', '"at":6'));
  assert.equal(logs.freshness(['b'], 5, 7), 'expired');
});

test('a log that is replaced by a shorter or an equal one is read from the start', (t) => {
  const { path, logs } = logIn(t);
  writeFileSync(path, line('a'));
  assert.equal(logs.isStale(['a']), true);
  writeFileSync(`${path}.new`, line('b'));
  renameSync(`${path}.new`, path);
  assert.deepEqual([logs.isStale(['a']), logs.isStale(['b'])], [false, true]);
});
