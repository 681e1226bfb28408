import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment } from '../deployments/deployment.ts';
import type { Project } from '../projects/project.ts';
import { vercelVariables } from './vercel-variables.ts';

const project = (build: Project['build'] = {}) => ({ name: 'shop', build }) as unknown as Project;
const deployment = {
  id: 'dpl_1',
  environment: 'staging',
  source: { kind: 'git', commit: 'abc', branch: 'feat', message: 'a\nb', author: 'Ada' },
  pullRequest: { number: 7, fork: false },
} as unknown as Deployment;
const addresses = {
  own: 'https://shop-1.example',
  branch: 'https://shop-git-feat.example',
  production: 'https://shop.example',
};

test('the names that applications know have what they mean here, addresses without their scheme', () => {
  const given = vercelVariables(project(), deployment, addresses);
  assert.deepEqual(
    [
      given['VERCEL_ENV'],
      given['VERCEL_TARGET_ENV'],
      given['VERCEL_URL'],
      given['VERCEL_BRANCH_URL'],
      given['VERCEL_PROJECT_PRODUCTION_URL'],
    ],
    ['preview', 'staging', 'shop-1.example', 'shop-git-feat.example', 'shop.example'],
  );
  assert.deepEqual(
    [
      given['VERCEL_GIT_COMMIT_SHA'],
      given['VERCEL_GIT_COMMIT_REF'],
      given['VERCEL_GIT_COMMIT_MESSAGE'],
      given['VERCEL_GIT_COMMIT_AUTHOR_NAME'],
      given['VERCEL_GIT_PULL_REQUEST_ID'],
    ],
    ['abc', 'feat', 'a', 'Ada', '7'],
  );
  assert.deepEqual(
    [given['NEXT_PUBLIC_VERCEL_URL'], given['VITE_VERCEL_ENV'], given['AUTH_TRUST_HOST']],
    ['shop-1.example', 'preview', 'true'],
  );
});

test('browsers get neither the text nor the author of a commit, and no variable makes a build tool take this for Vercel', () => {
  const names = Object.keys(vercelVariables(project(), deployment, addresses));
  assert.ok(!names.some((name) => /^(?:NEXT_PUBLIC|VITE)_.*(?:MESSAGE|AUTHOR)/.test(name)));
  assert.ok(!names.includes('VERCEL'));
});

test('a project can do without them', () => {
  assert.deepEqual(vercelVariables(project({ vercelVariables: false }), deployment, addresses), {});
});
