import { test } from 'node:test';
import assert from 'node:assert/strict';
import { sampleProject } from '@anchor/testing/samples.ts';
import type { BranchName } from '../names/name.ts';
import { fail } from '../result/result.ts';
import { branchHeads } from './branch-heads.ts';

test('a caller with little time does not wait for the lookup of a caller with much', async () => {
  const timeouts: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const silent = fail('source_unreachable', 'It does not respond', 'Wait.');
  const heads = branchHeads(
    { branchHead: async () => undefined },
    {
      head: async (_project, _ref, withinMs) => {
        timeouts.push(withinMs);
        if (withinMs > 4_000) await promise;
        return silent;
      },
    },
  );
  const project = sampleProject({
    source: { kind: 'git', url: 'https://git.example.com/a/b.git', provider: 'generic' },
  });
  const ref = { kind: 'branch', branch: 'main' as BranchName } as const;
  const long = heads.head(project, ref, 20_000);
  assert.deepEqual(await heads.head(project, ref, 4_000), silent);
  assert.deepEqual(timeouts, [20_000, 4_000]);
  resolve();
  await long;
});
