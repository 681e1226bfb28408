import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pruneCompressed } from './prune-compressed.ts';

test('records of removed blobs are removed, but for those that a build may just have created', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'aa'));
  for (const name of ['aa1-5', 'aa2-5', 'aa3-5']) writeFileSync(join(dir, 'aa', name), '{}');
  for (const name of ['aa1-5', 'aa2-5']) utimesSync(join(dir, 'aa', name), 1, 1);
  const blobs = { has: async (hash: string) => hash === 'aa1' };
  assert.ok((await pruneCompressed(dir, blobs, { dryRun: true })) > 0);
  assert.equal((await readdir(join(dir, 'aa'))).length, 3);
  await pruneCompressed(dir, blobs, { dryRun: false });
  assert.deepEqual((await readdir(join(dir, 'aa'))).sort(), ['aa1-5', 'aa3-5']);
});
