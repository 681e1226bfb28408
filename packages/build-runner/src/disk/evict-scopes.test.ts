import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, statSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Disk } from '@anchor/core/ports/sandbox.ts';
import { evictScopes } from './evict-scopes.ts';

const filesIn = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(dir, name)).isFile())
    .sort();

/** A disk where each file counts as 10 MB; `places`: paths below scopes/, the one used longest ago first. */
function diskOf(
  t: TestContext,
  scopePaths: readonly string[],
): Readonly<{ disk: Disk; left: () => readonly string[] }> {
  const path = mkdtempSync(join(tmpdir(), 'anchor-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  const scopes = join(path, 'scopes');
  for (const scopePath of scopePaths) {
    mkdirSync(join(scopes, scopePath), { recursive: true });
    writeFileSync(join(scopes, scopePath, 'file'), '');
  }
  for (const [i, scopePath] of scopePaths.entries())
    for (const at of [join(scopes, scopePath), join(scopes, scopePath.split('/')[0] ?? '')])
      utimesSync(at, i + 1, i + 1);
  const disk: Disk = {
    path,
    free: async () => ({ usedMb: filesIn(path).length * 10, sizeMb: 1000, full: false }),
    close: async () => {},
  };
  return { disk, left: () => filesIn(scopes).map((file) => file.replace(/\/file$/, '')) };
}

const ALL = ['old/store', 'old/trees/1', 'main/trees/1', 'main/trees/2', 'main/store', 'main/next', 'main/trees/3'];

test('caches within the limit stay', async (t) => {
  const { disk, left } = diskOf(t, ALL);
  await evictScopes(disk, 70);
  assert.equal(left().length, 7);
});

test("older trees go first, then other branches, then the store of the last branch, Next's cache and its tree", async (t) => {
  const { disk, left } = diskOf(t, ALL);
  for (const [targetMb, gone] of [
    [60, 'main/trees/1'],
    [50, 'main/trees/2'],
    [30, 'old/store'],
    [20, 'main/store'],
    [10, 'main/next'],
    [0, 'main/trees/3'],
  ] as const) {
    assert.ok(left().includes(gone), gone);
    await evictScopes(disk, targetMb);
    assert.ok(!left().includes(gone), `${gone} is left of ${left().join(', ')}`);
    assert.equal(left().length * 10, targetMb);
  }
});
