import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
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
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await removeTree(tree);
  delays.disable();
  assert.ok(!existsSync(tree) && existsSync(join(outside, 'stays')));
  assert.ok(delays.max / 1e6 < 250, `the loop stood still for ${delays.max / 1e6} ms`);
  await removeTree(tree);
});
