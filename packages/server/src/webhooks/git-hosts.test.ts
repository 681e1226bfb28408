import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseGitlabEvent } from './gitlab-events.ts';
import { parseGithubEvent } from './github-events.ts';
import { openHooks, push, SHA, ZERO } from '../fixtures/webhooks.ts';

test('a form with a payload field is read as GitHub sends it, and signed over its raw bytes', async (t) => {
  const { send } = await openHooks(t);
  const raw = `payload=${encodeURIComponent(JSON.stringify(push()))}`;
  assert.equal(
    (await send('push', undefined, { raw, headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status,
    202,
  );
  assert.equal(
    (
      await send('push', undefined, {
        raw: 'other=1',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    ).status,
    400,
  );
});

test('GitLab is known by its token, Gitea and Forgejo by their signatures', async (t) => {
  const { server, project, webhookSecret } = await openHooks(t);
  const post = async (host: string, body: unknown, headers: Record<string, string>) =>
    (
      await fetch(`${server.url}/webhooks/${host}/${project.id}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      })
    ).status;
  const gitlab = {
    object_kind: 'push',
    ref: 'refs/heads/main',
    after: SHA,
    user_name: 'Ada',
    commits: [{ id: SHA, message: 'm', author: { name: 'Ada' }, added: [], modified: ['x'], removed: [] }],
    total_commits_count: 1,
  };
  assert.equal(await post('gitlab', gitlab, { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': webhookSecret }), 202);
  assert.equal(
    await post('gitlab', gitlab, { 'x-gitlab-event': 'Push Hook', 'x-gitlab-token': `${webhookSecret}x` }),
    401,
  );
  assert.equal(await post('gitlab', gitlab, { 'x-gitlab-event': 'Push Hook' }), 401);
  const signature = createHmac('sha256', webhookSecret).update(JSON.stringify(push())).digest('hex');
  assert.equal(
    await post('gitea', push(), { 'x-gitea-event': 'push', 'x-gitea-delivery': '1', 'x-gitea-signature': signature }),
    202,
  );
  assert.equal(
    await post('gitea', push(), { 'x-forgejo-event': 'push', 'x-hub-signature-256': `sha256=${signature}` }),
    202,
  );
  assert.equal(await post('gitea', push(), { 'x-gitea-event': 'push', 'x-gitea-signature': 'f'.repeat(64) }), 401);
  const stored = await server.ports.deliveries.list({ projectId: project.id, state: 'accepted' }, { limit: 10 });
  assert.ok(!JSON.stringify(stored.items.map(({ headers }) => headers)).includes(webhookSecret));
});

test('GitLab’s merge requests, deletions and cut commit lists are understood', () => {
  const merge = (about: object) =>
    parseGitlabEvent({
      object_kind: 'merge_request',
      user: { username: 'ada' },
      object_attributes: {
        iid: 3,
        title: 'T',
        source_branch: 'topic',
        source_project_id: 1,
        target_project_id: 1,
        last_commit: { id: SHA },
        ...about,
      },
    });
  assert.deepEqual(merge({ action: 'open' }), {
    ok: true,
    value: {
      kind: 'pull_request',
      action: 'opened',
      number: 3,
      branch: 'topic',
      commit: SHA,
      fork: false,
      title: 'T',
      author: 'ada',
    },
  });
  const forked = merge({ action: 'update', oldrev: ZERO, source_project_id: 2 });
  assert.ok(
    forked.ok && forked.value.kind === 'pull_request' && forked.value.fork && forked.value.action === 'updated',
  );
  const edited = merge({ action: 'update' });
  assert.ok(edited.ok && edited.value.kind === 'ignored');
  const merged = merge({ action: 'merge' });
  assert.ok(merged.ok && merged.value.kind === 'pull_request' && merged.value.action === 'closed');
  const deleted = parseGitlabEvent({ object_kind: 'push', ref: 'refs/heads/x', after: ZERO });
  assert.deepEqual(deleted, { ok: true, value: { kind: 'branch_deleted', branch: 'x' } });
  const cut = parseGitlabEvent({
    object_kind: 'push',
    ref: 'refs/heads/x',
    after: SHA,
    commits: [{ id: SHA, added: ['a'] }],
    total_commits_count: 25,
  });
  assert.ok(cut.ok && cut.value.kind === 'push' && cut.value.changedFiles === undefined);
});

test('no body whatsoever makes the parsers throw', () => {
  fc.assert(
    fc.property(fc.constantFrom('push', 'pull_request', 'delete', 'ping', 'x'), fc.jsonValue(), (event, body) => {
      parseGithubEvent('GitHub', event, body);
      parseGitlabEvent(body);
    }),
  );
  fc.assert(
    fc.property(fc.string(), fc.string(), (ref, after) => {
      const parsed = parseGithubEvent('GitHub', 'push', push({ ref: `refs/heads/${ref}`, after }));
      if (parsed.ok && parsed.value.kind === 'push')
        assert.ok(/^[0-9a-f]{40,64}$/.test(parsed.value.commit) && !parsed.value.branch.startsWith('-'));
    }),
  );
});
