import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTree } from './remove-tree.ts';

test('a large tree is removed without blocking other work, and links are not followed', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-remove-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const tree = join(root, 'tree');
  const outside = join(root, 'outside');
  for (const folder of [tree, outside]) mkdirSync(folder);
  writeFileSync(join(outside, 'stays'), '');
  symlinkSync(outside, join(tree, 'link'));
  for (let i = 0; i < 20_000; i++) writeFileSync(join(tree, `${i}`), '');
  const turns = longestTurn();
  await removeTree(tree);
  const milliseconds = turns.stop();
  assert.ok(!existsSync(tree) && existsSync(join(outside, 'stays')));
  assert.ok(milliseconds < 100, `one turn of the loop took ${milliseconds} ms of processor`);
  await removeTree(tree);
});

/** Measures the turns of the event loop in processor time, which does not depend on what else the machine does. */
function longestTurn(): Readonly<{ stop: () => number }> {
  let longest = 0;
  let before = process.threadCpuUsage();
  const measure = (): void => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
    before = process.threadCpuUsage();
  };
  const turn = (): void => {
    measure();
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  return {
    stop: () => {
      clearImmediate(next);
      measure();
      return longest;
    },
  };
}
