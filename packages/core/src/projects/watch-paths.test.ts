import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { must } from '@anchor/testing/samples.ts';
import { parseWatchPaths, watches } from './watch-paths.ts';

const watched = (paths: readonly string[], files: readonly string[]): readonly string[] =>
  files.filter((file) => watches(must(parseWatchPaths(paths)), [file]));
const FILES = [
  'apps/web/a.ts',
  'apps/web/src/b.ts',
  'apps/website/c.ts',
  'apps/api/d.ts',
  'package.json',
  'docs/readme.md',
  'readme.md',
];

test('every spelling of a folder means the folder with all that is below it', () => {
  for (const path of [
    'apps/web',
    'apps/web/',
    '/apps/web',
    './apps/web',
    'apps/web/**',
    '/apps/web/**',
    './apps/web/**',
    './apps//web/**/',
    ' apps/web ',
    'apps/web/**/*',
    '"apps/web"',
    "'apps/web/**'",
  ]) {
    assert.deepEqual(watched([path], FILES), ['apps/web/a.ts', 'apps/web/src/b.ts'], path);
  }
});

test('lists with commas and braces name several paths', () => {
  const both = ['apps/web/a.ts', 'apps/web/src/b.ts', 'apps/api/d.ts', 'package.json'];
  for (const paths of [
    ['apps/web,apps/api,package.json'],
    ['apps/web/**, apps/api/** ,package.json'],
    ['apps/{web,api}', 'package.json'],
    ['{apps/{web,api},package.json}'],
    ['apps/web\napps/api/**\n"package.json"\n'],
  ])
    assert.deepEqual(watched(paths, FILES), both, paths.join(' '));
});

test('a path with "!" excludes, the last match decides, and exclusions alone leave all the rest', () => {
  assert.deepEqual(watched(['apps', '!apps/web'], FILES), ['apps/website/c.ts', 'apps/api/d.ts']);
  assert.deepEqual(watched(['apps', '!apps/web', 'apps/web/src'], FILES), [
    'apps/web/src/b.ts',
    'apps/website/c.ts',
    'apps/api/d.ts',
  ]);
  assert.deepEqual(
    watched(['!**/*.md'], FILES),
    FILES.filter((file) => !file.endsWith('.md')),
  );
  assert.deepEqual(watched(['.'], FILES), FILES);
});

test('a file matches by its own name, and wildcards by their segments', () => {
  assert.deepEqual(watched(['package.json'], FILES), ['package.json']);
  assert.deepEqual(watched(['*.md'], FILES), ['readme.md']);
  assert.deepEqual(watched(['**/*.md'], FILES), ['docs/readme.md', 'readme.md']);
  assert.deepEqual(watched(['apps/*/d.ts'], FILES), ['apps/api/d.ts']);
});

test('a path that can match nothing is refused with how to write it', () => {
  for (const paths of [
    ['../web'],
    ['apps/../../web'],
    ['apps\\web'],
    ['https://example.com/a'],
    ['~/app'],
    ['C:/app'],
    ['$PWD/app'],
    ['""'],
    ['a\0b'],
    ['!'],
    ['a'.repeat(257)],
    ['apps/web', '!apps/**'],
    ['apps/web', '!apps'],
    ['a', '!**'],
  ]) {
    const refused = parseWatchPaths(paths);
    assert.ok(
      !refused.ok &&
        refused.error.code === 'invalid_input' &&
        /can match nothing/.test(refused.error.message) &&
        /--path/.test(refused.error.fix),
      paths.join(' '),
    );
  }
  assert.ok(!parseWatchPaths(Array.from({ length: 65 }, (_, i) => `a${i}`)).ok);
});

test('no untrusted text throws or takes long, and parsing again changes nothing', () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom('a', '/', '**', '*', '?', '{', '}', ',', '!', '"', "'", '~', 'C:', '$A', '\n', '.', '..', ' '),
        { maxLength: 60 },
      )
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), text, (paths, file) => {
      const parsed = parseWatchPaths(paths);
      watches(paths, [file]);
      if (!parsed.ok) return;
      assert.deepEqual(parseWatchPaths(parsed.value), parsed);
      assert.equal(watches(parsed.value, [file]), watches(paths, [file]));
    }),
    { numRuns: 2_000 },
  );
});

test('the largest change is compared in bounded time, and one that would take longer counts as watched', () => {
  const folders = Array.from({ length: 64 }, (_, i) => `apps/web-${i}/src/**/*.tsx`);
  const files = Array.from({ length: 20_000 }, (_, i) => `packages/library/src/deep/folder/file-${i}.ts`);
  const started = performance.now();
  assert.equal(watches(folders, files), false);
  assert.equal(watches([...folders, '**/file-19999.ts'], files), true);
  const hostile = Array.from({ length: 64 }, (_, i) => `${'*a'.repeat(120)}${i}`);
  assert.equal(
    watches(
      hostile,
      Array.from({ length: 20_000 }, () => 'a'.repeat(4_000)),
    ),
    true,
  );
  assert.ok(performance.now() - started < 10_000);
});
