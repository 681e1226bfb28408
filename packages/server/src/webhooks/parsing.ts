import { z } from 'zod';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import { parseBranchName, parseCommitSha, type BranchName, type CommitSha } from '@anchor/core/names/name.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

// What the senders have in common. Only what is used is described; all else is dropped.

/** Files of a commit, as GitHub, GitLab and Gitea all list them. */
export const commitFiles = z.object({ added: z.array(z.string()).nullish(), modified: z.array(z.string()).nullish(), removed: z.array(z.string()).nullish() });
export const changedIn = (commits: readonly z.infer<typeof commitFiles>[]): readonly string[] => [...new Set(commits.flatMap((commit) => [...(commit.added ?? []), ...(commit.modified ?? []), ...(commit.removed ?? [])]))];

/** All zeros: the ref was deleted. */
export const isZero = (sha: string): boolean => /^0+$/.test(sha);

export const ignored = (reason: string): Result<PushEvent> => ok({ kind: 'ignored', reason });
export const notAsExpected = (sender: string, event: string, error: z.ZodError): Result<never> => {
  const issue = error.issues[0];
  return fail('malformed_body', `This is not a ${event} event of ${sender}`, `Check that the webhook is set up as ${sender} in the project and sends JSON.`, issue === undefined ? undefined : `${issue.path.join('.')}: ${issue.message}`);
};

/** The branch of a full ref; undefined for tags and others. */
export function branchOf(ref: string): Result<BranchName> | undefined {
  return ref.startsWith('refs/heads/') ? parseBranchName(ref.slice('refs/heads/'.length)) : undefined;
}

export function branchAndCommit(branch: string, commit: string): Result<Readonly<{ branch: BranchName; commit: CommitSha }>> {
  const name = parseBranchName(branch);
  if (!name.ok) return name;
  const sha = parseCommitSha(commit);
  return sha.ok ? ok({ branch: name.value, commit: sha.value }) : sha;
}

const MAX_TEXT = 1_024;
/** Texts that a person wrote, cut to what is shown. */
export const short = (text: string | null | undefined): string | undefined => (text === null || text === undefined || text === '' ? undefined : text.slice(0, MAX_TEXT));
export const optional = <K extends string>(key: K, text: string | undefined): { readonly [P in K]?: string } => (text === undefined ? {} : ({ [key]: text } as { readonly [P in K]: string }));
