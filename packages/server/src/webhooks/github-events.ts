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

// GitHub's events, and those of Gitea and Forgejo, which follow them.

const person = z
  .object({ name: z.string().nullish(), username: z.string().nullish(), login: z.string().nullish() })
  .nullish();
const pushSchema = z.object({
  ref: z.string(),
  before: z.string().nullish(),
  after: z.string(),
  deleted: z.boolean().nullish(),
  commits: z.array(commitFiles).nullish(),
  /** Gitea: how many there are, when `commits` is cut. */
  total_commits: z.int().nullish(),
  head_commit: z.object({ message: z.string().nullish(), author: person }).nullish(),
  pusher: person,
});
/** GitHub lists at most so many commits. */
const MAX_LISTED = 2_048;

export function parseGithubPush(sender: string, body: unknown): Result<PushEvent> {
  const parsed = pushSchema.safeParse(body);
  if (!parsed.success) return notAsExpected(sender, 'push', parsed.error);
  const { ref, before, after, deleted, commits, total_commits: total, head_commit: head, pusher } = parsed.data;
  const branch = branchOf(ref);
  if (branch === undefined) return ignored(`${ref.startsWith('refs/tags/') ? 'a tag' : 'not a branch'} was pushed`);
  if (!branch.ok) return branch;
  if (deleted === true || isZero(after))
    return ok({ kind: 'branch_deleted', branch: branch.value, ...commitBefore(before) });
  const both = branchAndCommit(branch.value, after);
  if (!both.ok) return both;
  const whole =
    commits !== null &&
    commits !== undefined &&
    commits.length < MAX_LISTED &&
    (total ?? commits.length) <= commits.length;
  const author = head?.author?.name ?? head?.author?.username ?? pusher?.name ?? pusher?.login;
  return ok({
    kind: 'push',
    ...both.value,
    ...commitBefore(before),
    ...optional('message', short(head?.message)),
    ...optional('author', short(author)),
    ...(whole ? { changedFiles: changedIn(commits) } : {}),
  });
}

const side = z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: z.int() }).nullish() });
const pullRequestSchema = z.object({
  action: z.string(),
  number: z.int().positive(),
  /** Only when commits came in. */
  before: z.string().nullish(),
  pull_request: z.object({ title: z.string().nullish(), user: person, head: side, base: side.omit({ sha: true }) }),
});

export function parseGithubPullRequest(sender: string, body: unknown): Result<PushEvent> {
  const parsed = pullRequestSchema.safeParse(body);
  if (!parsed.success) return notAsExpected(sender, 'pull_request', parsed.error);
  const {
    action,
    number,
    before,
    pull_request: { head, base, title, user },
  } = parsed.data;
  // A head whose repository is gone was a fork.
  const fork = head.repo?.id === undefined || head.repo.id !== base.repo?.id;
  const both = branchAndCommit(head.ref, head.sha);
  if (!both.ok) return both;
  if (action === 'closed')
    return ok({ kind: 'pull_request', action: 'closed', number, branch: both.value.branch, fork });
  const known = { opened: 'opened', reopened: 'opened', synchronize: 'updated', synchronized: 'updated' } as const;
  const what = Object.hasOwn(known, action) ? known[action as keyof typeof known] : undefined;
  if (what === undefined) return ignored(`a pull request was ${action.slice(0, 40)}`);
  return ok({
    kind: 'pull_request',
    action: what,
    number,
    ...both.value,
    ...commitBefore(before),
    fork,
    ...optional('title', short(title)),
    ...optional('author', short(user?.login ?? user?.username)),
  });
}

const deleteSchema = z.object({ ref: z.string(), ref_type: z.string() });
export function parseGithubDelete(sender: string, body: unknown): Result<PushEvent> {
  const parsed = deleteSchema.safeParse(body);
  if (!parsed.success) return notAsExpected(sender, 'delete', parsed.error);
  if (parsed.data.ref_type !== 'branch') return ignored('a tag was deleted');
  const branch = branchOf(
    parsed.data.ref.startsWith('refs/heads/') ? parsed.data.ref : `refs/heads/${parsed.data.ref}`,
  );
  if (branch === undefined) return ignored('not a branch was deleted');
  return branch.ok ? ok({ kind: 'branch_deleted', branch: branch.value }) : branch;
}

/** Parses any event of a sender that follows GitHub. */
export function parseGithubEvent(sender: string, event: string, body: unknown): Result<PushEvent> {
  switch (event) {
    case 'ping':
      return ok({ kind: 'ping' });
    case 'push':
      return parseGithubPush(sender, body);
    case 'pull_request':
      return parseGithubPullRequest(sender, body);
    case 'delete':
      return parseGithubDelete(sender, body);
    default:
      return ignored(`the event ${event.slice(0, 60)} is not acted on`);
  }
}
