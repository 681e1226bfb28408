import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { turboCommand, turboFilter, type TurboListing } from './turbo.ts';

const listing: TurboListing = {
  workspace: '',
  project: 'apps/web',
  turboJson: '{ // tasks\n "tasks": { "build": {} } }',
  packageJson: { devDependencies: { turbo: '2.0.0' } },
};

test('a project in a workspace of turborepo is built by turbo, with what it depends on', () => {
  assert.equal(turboFilter(listing), './apps/web');
  assert.equal(turboFilter({ ...listing, workspace: 'js', project: 'js/apps/web' }), './apps/web');
  assert.equal(
    turboFilter({
      ...listing,
      turboJson: '{"pipeline":{"web#build":{}}}',
      packageJson: { dependencies: { turbo: '1.13.0' } },
    }),
    './apps/web',
  );
});

test('its own script runs alone where turbo has nothing to do with it', () => {
  for (const change of [
    { project: '' },
    { turboJson: undefined },
    { turboJson: '{"tasks":{"lint":{}}}' },
    { packageJson: {} },
    { packageJson: undefined },
  ]) {
    assert.equal(turboFilter({ ...listing, ...change }), undefined, JSON.stringify(change));
  }
});

test('variables reach the build whatever turbo.json lists', () => {
  assert.deepEqual(turboCommand('./apps/web', 2), ['turbo', 'run', 'build', '--filter=./apps/web', '--env-mode=loose']);
  assert.deepEqual(turboCommand('./apps/web', 1), ['turbo', 'run', 'build', '--filter=./apps/web']);
});
