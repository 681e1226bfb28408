import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { Project } from '../projects/project.ts';
import type { BranchName } from '../names/name.ts';
import { hasSkipMarker, environmentOfBranch, affectsProject } from './rules.ts';

const project = {
  productionBranch: 'main',
  branchRules: [
    { pattern: 'staging', environment: 'staging' },
    { pattern: 'rc/*', environment: 'staging' },
  ],
  build: { paths: ['apps/web/**', 'package.json'] },
} as unknown as Project;

test('a branch deploys to production, to the stage of its rule, or to preview', () => {
  for (const [branch, environment] of [
    ['main', 'production'],
    ['staging', 'staging'],
    ['rc/1', 'staging'],
    ['feat', 'preview'],
  ] as const)
    assert.equal(environmentOfBranch(project, branch as BranchName), environment);
});

test('marks in the commit message skip it, words alone do not', () => {
  for (const text of ['x [skip ci]', '[CI SKIP] y', 'z [skip deploy]']) assert.ok(hasSkipMarker(text), text);
  for (const text of ['skip ci', 'x', undefined]) assert.ok(!hasSkipMarker(text));
});

test('a change of other paths is not built, an unknown change is', () => {
  assert.ok(affectsProject(project, ['apps/web/a.ts', 'docs/x.md']));
  assert.ok(affectsProject(project, ['package.json']));
  assert.ok(!affectsProject(project, ['docs/x.md', 'apps/api/y.ts']));
  assert.ok(affectsProject(project, undefined));
});
