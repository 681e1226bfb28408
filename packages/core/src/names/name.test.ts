import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  branchSlug,
  parseBranchName,
  parseCommitSha,
  parseHostName,
  parseProjectName,
  parseVariableName,
  printable,
} from './name.ts';
import { matchesGlob } from './glob.ts';
import { newId, parseId, shortId } from './id.ts';

const HOSTILE = [
  '',
  '-x',
  '--upload-pack=touch /tmp/x',
  '../x',
  'a/../b',
  'a b',
  'a\nb',
  'a\0b',
  '$(id)',
  '`id`',
  'a;b',
  'x'.repeat(300),
  'é',
  'A',
  '__proto__',
  'a--b',
  '-',
  '.',
  'a.b/..',
];

test('hostile project names are refused, with what to do', () => {
  for (const text of HOSTILE) {
    const parsed = parseProjectName(text);
    assert.ok(!parsed.ok, text);
    assert.ok(parsed.error.fix.length > 10);
  }
});

test('an accepted project name is a DNS label', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'z', '0', '-', '.', '/', 'B') }), (text) => {
      if (parseProjectName(text).ok) assert.match(text, /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/);
    }),
  );
});

test('branch names that git refuses or that look like options are refused', () => {
  for (const text of [
    '-x',
    '--help',
    'a..b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.lock',
    'a@{1',
    '@',
    'a.',
    '',
    'a\tb',
  ])
    assert.ok(!parseBranchName(text).ok, text);
  for (const text of ['main', 'feat/login', 'fix_1', 'dependabot/npm_and_yarn/next-16.4.6', 'Ünïcode'])
    assert.ok(parseBranchName(text).ok, text);
});

test('a commit id is full and lower case', () => {
  assert.ok(parseCommitSha('a'.repeat(40)).ok);
  for (const text of ['a'.repeat(39), 'A'.repeat(40), 'g'.repeat(40), '--help', `${'a'.repeat(40)}\n`])
    assert.ok(!parseCommitSha(text).ok);
});

test('a Host header gives its host without the port', () => {
  const parsed = parseHostName('Demo.LOCALHOST:7480');
  assert.ok(parsed.ok && parsed.value === 'demo.localhost');
  for (const text of ['', '..', 'a..b', 'a b', 'a/b', '[::1]', 'a'.repeat(64), 'x\r\ny'])
    assert.ok(!parseHostName(text).ok, text);
});

test('variable names are those of POSIX', () => {
  assert.ok(parseVariableName('DB_HOST').ok);
  for (const text of ['1A', 'A-B', 'A=B', '', 'A B', 'A\nB']) assert.ok(!parseVariableName(text).ok);
});

test('every branch slug is a DNS label part, whatever the branch is called', () => {
  fc.assert(
    fc.property(fc.string(), (branch) => assert.match(branchSlug(branch), /^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$/)),
  );
});

test('text shown to users has no control characters and is bounded', () => {
  assert.equal(printable('a\x1b[31mb'), 'a�[31mb');
  assert.equal(printable('x'.repeat(200)).length, 81);
});

test('patterns match branches and paths as users expect', () => {
  for (const [pattern, text, expected] of [
    ['feat/*', 'feat/a', true],
    ['feat/*', 'feat/a/b', false],
    ['feat/**', 'feat/a/b', true],
    ['apps/web/**', 'apps/web/x/y.ts', true],
    ['**/*.ts', 'a/b.ts', true],
    ['**/*.ts', 'b.ts', true],
    ['release-?', 'release-1', true],
    ['a.c', 'abc', false],
  ] as const)
    assert.equal(matchesGlob(pattern, text), expected, `${pattern} ${text}`);
});

test('a pattern of many stars does not hang', () => {
  assert.equal(matchesGlob(`${'*'.repeat(200)}b`, 'a'.repeat(200)), false);
});

test('identifiers sort by time, parse back, and differ', () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => newId('dpl', 1_800_000_000_000 + i));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids.map(shortId)).size, 1_000);
  assert.equal(parseId('dpl', ids[0] ?? ''), ids[0]);
  for (const text of ['dpl_', 'dpl_../../etc', `prj_${'a'.repeat(20)}`, `dpl_${'A'.repeat(20)}`])
    assert.equal(parseId('dpl', text), undefined);
});
