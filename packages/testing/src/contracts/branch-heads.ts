import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitSha } from '@anchor/core/names/name.ts';
import { parseBranchName, parseCommitSha } from '@anchor/core/names/name.ts';
import type { BranchHeads } from '@anchor/core/ports/branch-heads.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { using, type Harness } from '../harness.ts';
import { must } from '../samples.ts';

/**
 * `push` moves a branch, or the head of a pull request given as `#<number>`, and returns the commit. `pullRequests`:
 * the host has refs for them. `stop` makes the host unreachable; absent where nothing can fail.
 */
export type BranchHeadsHarness = Harness<BranchHeads> &
  Readonly<{
    project: Project;
    pullRequests: boolean;
    push(ref: string): Promise<CommitSha>;
    stop?: () => Promise<void>;
  }>;

const MAIN = { kind: 'branch', branch: must(parseBranchName('main')) } as const;
const WITHIN_MS = 10_000;

export function branchHeadsContract(name: string, make: () => Promise<BranchHeadsHarness>): void {
  test(
    `${name}: a head is the newest commit, at least as new as the lookup, also among many lookups at once`,
    using(make, async ({ subject, project, push }) => {
      for (let i = 0; i < 3; i++) {
        const early = subject.head(project, MAIN, WITHIN_MS);
        const commit = await push('main');
        const late = await Promise.all(Array.from({ length: 5 }, () => subject.head(project, MAIN, WITHIN_MS)));
        await early;
        for (const result of late) assert.deepEqual(result, { ok: true, value: commit });
      }
    }),
  );

  test(
    `${name}: branches are apart, and one that does not exist is not found`,
    using(make, async ({ subject, project, push }) => {
      const commit = await push('feat/x');
      assert.deepEqual(
        await subject.head(project, { kind: 'branch', branch: must(parseBranchName('feat/x')) }, WITHIN_MS),
        { ok: true, value: commit },
      );
      const absent = await subject.head(project, { kind: 'branch', branch: must(parseBranchName('feat')) }, WITHIN_MS);
      assert.ok(!absent.ok && absent.error.code === 'not_found');
    }),
  );

  test(
    `${name}: the head of a pull request is found where the host has refs for them, and unsupported elsewhere`,
    using(make, async ({ subject, project, push, pullRequests }) => {
      await push('main');
      const commit = pullRequests ? await push('#7') : undefined;
      const result = await subject.head(project, { kind: 'pull_request', number: 7 }, WITHIN_MS);
      if (commit === undefined) assert.ok(!result.ok && result.error.code === 'unsupported');
      else assert.deepEqual(result, { ok: true, value: commit });
    }),
  );

  test(
    `${name}: a host that does not respond is unreachable, within the time limit`,
    using(make, async ({ subject, project, push, stop }) => {
      if (stop === undefined) return;
      await push('main');
      await stop();
      const results = await Promise.all(Array.from({ length: 3 }, () => subject.head(project, MAIN, 1_000)));
      for (const result of results) assert.ok(!result.ok && result.error.code === 'source_unreachable');
    }),
  );
}

let count = 0;
/** Returns a commit id that no other call returns. */
export const newCommit = (): CommitSha => must(parseCommitSha((++count).toString(16).padStart(40, 'c')));
