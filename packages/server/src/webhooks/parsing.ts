import { z } from 'zod';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import { parseBranchName, parseCommitSha, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { describeIssue } from '@anchor/core/result/issue.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

// The schemas that the senders share. Only used fields are described; all others are dropped.

/** Files of a commit, as GitHub, GitLab and Gitea all list them. */
export const commitFiles = z.object({
  added: z.array(z.string()).nullish(),
  modified: z.array(z.string()).nullish(),
  removed: z.array(z.string()).nullish(),
});
export const changedIn = (commits: readonly z.infer<typeof commitFiles>[]): readonly string[] => [
  ...new Set(
    commits.flatMap((commit) => [...(commit.added ?? []), ...(commit.modified ?? []), ...(commit.removed ?? [])]),
  ),
];

/** Returns whether the id is all zeros: the ref was deleted. */
export const isZero = (sha: string): boolean => /^0+$/.test(sha);

/**
 * Returns the commit of a branch before a push; nothing when the branch is new, or when the sender does not report it.
 */
export function commitBefore(before: string | null | undefined): Readonly<{ before?: CommitSha }> {
  const sha = before === null || before === undefined || isZero(before) ? undefined : parseCommitSha(before);
  return sha?.ok === true ? { before: sha.value } : {};
}

export const ignored = (reason: string): Result<PushEvent> => ok({ kind: 'ignored', reason });
export const notAsExpected = (sender: string, event: string, error: z.ZodError): Result<never> => {
  const issue = error.issues[0];
  return fail(
    'malformed_body',
    `This is not a ${event} event of ${sender}`,
    `Check that the webhook is set up as ${sender} in the project and sends JSON.`,
    describeIssue(issue),
  );
};

/** Returns the branch of a full ref; undefined for tags and others. */
export function branchOf(ref: string): Result<BranchName> | undefined {
  return ref.startsWith('refs/heads/') ? parseBranchName(ref.slice('refs/heads/'.length)) : undefined;
}

export function branchAndCommit(
  branch: string,
  commit: string,
): Result<Readonly<{ branch: BranchName; commit: CommitSha }>> {
  const name = parseBranchName(branch);
  if (!name.ok) return name;
  const sha = parseCommitSha(commit);
  return sha.ok ? ok({ branch: name.value, commit: sha.value }) : sha;
}

const MAX_TEXT = 1_024;
/** Shortens a text that a user wrote to what is shown. */
export const short = (text: string | null | undefined): string | undefined =>
  text === null || text === undefined || text === '' ? undefined : text.slice(0, MAX_TEXT);
export const optional = <K extends string>(key: K, text: string | undefined): { readonly [P in K]?: string } =>
  text === undefined ? {} : ({ [key]: text } as { readonly [P in K]: string });
