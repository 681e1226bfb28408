import { newId } from '@anchor/core/names/id.ts';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import { buildRunnerContract } from '../contracts/build-runner.ts';
import { blobStore } from './blob-store.ts';
import { buildRunner } from './build-runner.ts';

buildRunnerContract('builds in memory', async () => {
  const blobs = blobStore();
  return {
    subject: buildRunner(blobs),
    blobs,
    end: async () => undefined,
    request: async () => ({
      deploymentId: newId('dpl', 0),
      projectId: newId('prj', 0),
      repository: { kind: 'hosted' },
      source: { kind: 'git', commit: 'a'.repeat(40) as CommitSha, branch: 'main' as BranchName },
      settings: {},
      variables: {},
      secrets: [],
      cache: { scope: 'production' },
    }),
  };
});
