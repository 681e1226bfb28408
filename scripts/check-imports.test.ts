import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const script = join(import.meta.dirname, 'check-imports.ts');
const { status, stderr, stdout } = spawnSync(
  process.execPath,
  [script, join(import.meta.dirname, 'fixtures/imports')],
  { encoding: 'utf8' },
);
const upward = stderr
  .split('\n')
  .filter((line) => line.includes('" is above "'))
  .map((line) => line.split(', but', 1)[0]);

test('a cycle that consists of nothing but types and re-exports is found, with each of its imports', () => {
  assert.match(stderr, /^packages\/flat\/src\/a\.ts:1: 3 files import each other\. Move what they share/m);
  for (const step of [
    'a.ts:1 imports packages/flat/src/b.ts',
    'b.ts:1 imports packages/flat/src/c.ts',
    'c.ts:1 imports packages/flat/src/a.ts',
  ]) {
    assert.ok(stderr.includes(`\n    packages/flat/src/${step}\n`), step);
  }
});

test('an import of a higher folder is found: of types, re-exported, within a type and loaded later', () => {
  assert.deepEqual(upward, [
    'packages/site/src/cache/cache.ts:2: imports packages/site/src/cache/own/own.ts',
    'packages/site/src/handler/handle.ts:1: imports packages/site/src/server/server.ts',
    ...[1, 2, 3].map(
      (line) => `packages/site/src/handler/retry.ts:${line}: imports packages/site/src/server/server.ts`,
    ),
  ]);
});

test('folders without a layer, and layers without a folder or package, are named', () => {
  assert.match(stderr, /packages\/site\/src\/extra has no layer\. Add it/);
  assert.match(stderr, /packages\/site\/src has no "gone"\. Remove it\./);
  assert.match(stderr, /there is no package packages\/missing\. Remove its line\./);
});

test('the counts are printed, and fail the lint', () => {
  assert.equal(stdout, '2 packages: 2 import cycles, 8 upward imports\n');
  assert.equal(status, 1);
});

test('the packages of this repository have neither', () => {
  const own = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  assert.match(own.stdout, /^\d+ packages: 0 import cycles, 0 upward imports\n$/, own.stderr);
  assert.equal(own.status, 0);
});
