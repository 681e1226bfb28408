import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import type { Result } from '@anchor/core/result/result.ts';
import { parseGithubPullRequest, parseGithubPush } from './github-events.ts';
import { parseGitlabMergeRequest, parseGitlabPush } from './gitlab-events.ts';

const [BEFORE, AFTER, ZERO] = ['a'.repeat(40), 'b'.repeat(40), '0'.repeat(40)];
const before = (event: Result<PushEvent>): unknown => {
  assert.ok(event.ok, JSON.stringify(event));
  return 'before' in event.value ? event.value.before : undefined;
};

test('a push names the commit that it moved the branch from: which of two pushes is newer is decided by it', () => {
  const push = { ref: 'refs/heads/main', before: BEFORE, after: AFTER };
  for (const parse of [
    (body: unknown) => parseGithubPush('GitHub', body),
    (body: unknown) => parseGithubPush('Gitea', body),
    parseGitlabPush,
  ]) {
    assert.equal(before(parse(push)), BEFORE);
    assert.equal(before(parse({ ...push, after: ZERO })), BEFORE, 'a removed branch');
    assert.equal(before(parse({ ...push, before: ZERO })), undefined, 'a new branch');
  }
});

test('so does a pull or merge request that got commits', () => {
  const side = { ref: 'topic', sha: AFTER, repo: { id: 1 } };
  const pull = { action: 'synchronize', number: 1, before: BEFORE, pull_request: { head: side, base: side } };
  assert.equal(before(parseGithubPullRequest('GitHub', pull)), BEFORE);
  const merge = {
    object_attributes: {
      iid: 1,
      action: 'update',
      oldrev: BEFORE,
      source_branch: 'topic',
      target_branch: 'main',
      source_project_id: 1,
      target_project_id: 1,
      last_commit: { id: AFTER },
    },
  };
  assert.equal(before(parseGitlabMergeRequest(merge)), BEFORE);
});
