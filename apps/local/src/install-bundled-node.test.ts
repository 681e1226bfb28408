import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { installBundledNode } from './install-bundled-node.ts';

test('a download of another process is left alone, an abandoned one is removed', async (t) => {
  const nodes = await mkdtemp(join(tmpdir(), 'anchor-test-nodes-'));
  t.after(() => rm(nodes, { recursive: true, force: true }));
  await mkdir(join(nodes, '.tmp-running', 'package'), { recursive: true });
  await mkdir(join(nodes, '.tmp-abandoned', 'package'), { recursive: true });
  const yesterday = new Date(Date.now() - 86_400_000);
  await utimes(join(nodes, '.tmp-abandoned'), yesterday, yesterday);
  await installBundledNode(nodes);
  assert.deepEqual((await readdir(nodes)).sort(), ['.tmp-running', process.versions.node].sort());
});
