import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { listFolder } from './folders.ts';

test('a link to a folder of the repository is a folder, any other link a name', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'site'));
  writeFileSync(join(root, 'a.txt'), '');
  for (const [name, target] of [
    ['public', 'site'],
    ['file', 'a.txt'],
    ['outside', '/etc'],
    ['above', '../..'],
    ['nowhere', 'absent'],
    ['loop', 'loop'],
  ] as const)
    symlinkSync(target, join(root, name));
  const names = await listFolder(root, '');
  assert.deepEqual([...names].sort(), ['a.txt', 'above', 'file', 'loop', 'nowhere', 'outside', 'public/', 'site/']);
});
