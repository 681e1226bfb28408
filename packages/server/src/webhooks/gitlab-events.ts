import { z } from 'zod';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import { ok, type Result } from '@anchor/core/result/result.ts';
import {
  branchAndCommit,
  branchOf,
  changedIn,
  commitBefore,
  commitFiles,
  ignored,
  isZero,
  notAsExpected,
  optional,
  short,
} from './parsing.ts';

const pushSchema = z.object({
  ref: z.string(),
  before: z.string().nullish(),
  after: z.string(),
  user_name: z.string().nullish(),
  commits: z
    .array(
      commitFiles.extend({
        id: z.string(),
        message: z.string().nullish(),
        author: z.object({ name: z.string().nullish() }).nullish(),
      }),
    )
    .nullish(),
  /** `commits` holds at most 20 of them. */
  total_commits_count: z.int().nullish(),
});

export function parseGitlabPush(body: unknown): Result<PushEvent> {
  const parsed = pushSchema.safeParse(body);
  if (!parsed.success) return notAsExpected('GitLab', 'push', parsed.error);
  const { ref, before, after, commits, total_commits_count: total, user_name: user } = parsed.data;
  const branch = branchOf(ref);
  if (branch === undefined) return ignored(`${ref.startsWith('refs/tags/') ? 'a tag' : 'not a branch'} was pushed`);
  if (!branch.ok) return branch;
  if (isZero(after)) return ok({ kind: 'branch_deleted', branch: branch.value, ...commitBefore(before) });
  const both = branchAndCommit(branch.value, after);
  if (!both.ok) return both;
  const head = commits?.find((commit) => commit.id === after);
  const whole = commits !== null && commits !== undefined && (total ?? commits.length) <= commits.length;
  return ok({
    kind: 'push',
    ...both.value,
    ...commitBefore(before),
    ...optional('message', short(head?.message)),
    ...optional('author', short(head?.author?.name ?? user)),
    ...(whole ? { changedFiles: changedIn(commits) } : {}),
  });
}

const mergeRequestSchema = z.object({
  user: z.object({ name: z.string().nullish(), username: z.string().nullish() }).nullish(),
  object_attributes: z.object({
    iid: z.int().positive(),
    /** Absent in test deliveries. */
    action: z.string().nullish(),
    title: z.string().nullish(),
    source_branch: z.string(),
    source_project_id: z.int().nullish(),
    target_project_id: z.int(),
    last_commit: z.object({ id: z.string() }).nullish(),
    /** Only when commits came in. */
    oldrev: z.string().nullish(),
  }),
});

export function parseGitlabMergeRequest(body: unknown): Result<PushEvent> {
  const parsed = mergeRequestSchema.safeParse(body);
  if (!parsed.success) return notAsExpected('GitLab', 'merge request', parsed.error);
  const { user, object_attributes: about } = parsed.data;
  const both = branchAndCommit(about.source_branch, about.last_commit?.id ?? '');
  const fork =
    about.source_project_id === null ||
    about.source_project_id === undefined ||
    about.source_project_id !== about.target_project_id;
  const action = about.action ?? 'none';
  if (action === 'close' || action === 'merge') {
    const branch = branchOf(`refs/heads/${about.source_branch}`);
    if (branch?.ok !== true) return branch ?? ignored('not a branch');
    return ok({ kind: 'pull_request', action: 'closed', number: about.iid, branch: branch.value, fork });
  }
  if (
    action !== 'open' &&
    action !== 'reopen' &&
    !(action === 'update' && about.oldrev !== null && about.oldrev !== undefined)
  )
    return ignored(`a merge request had "${action.slice(0, 40)}" without new commits`);
  if (!both.ok) return both;
  return ok({
    kind: 'pull_request',
    action: action === 'update' ? 'updated' : 'opened',
    number: about.iid,
    ...both.value,
    ...commitBefore(about.oldrev),
    fork,
    ...optional('title', short(about.title)),
    ...optional('author', short(user?.username ?? user?.name)),
  });
}

/** Parses an event of GitLab. `kind` is the body's `object_kind`. */
export function parseGitlabEvent(body: unknown): Result<PushEvent> {
  const kind = z.object({ object_kind: z.string() }).safeParse(body);
  if (!kind.success) return notAsExpected('GitLab', 'webhook', kind.error);
  switch (kind.data.object_kind) {
    case 'push':
      return parseGitlabPush(body);
    case 'merge_request':
      return parseGitlabMergeRequest(body);
    default:
      return ignored(`the event ${kind.data.object_kind.slice(0, 60)} is not acted on`);
  }
}
