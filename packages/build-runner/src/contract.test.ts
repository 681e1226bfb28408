import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '@anchor/core/names/id.ts';
import type { BranchName } from '@anchor/core/names/name.ts';
import { buildRunnerContract } from '@anchor/testing/contracts/build-runner.ts';
import { openHome } from '../../../e2e/builder.ts';

buildRunnerContract('builds on this machine', async () => {
  const home = await openHome({ limits: { diskMb: 256 } });
  const commit = home.commit((dir) => {
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'site', scripts: { start: 'node server.js' } }));
    writeFileSync(
      join(dir, 'server.js'),
      'require("node:http").createServer((_, answer) => answer.end("hello")).listen(process.env.PORT)',
    );
  });
  return {
    subject: home.builder,
    blobs: home.blobs,
    end: home.close,
    request: async () => ({
      deploymentId: newId('dpl', Date.now()),
      projectId: home.project,
      repository: { kind: 'hosted' },
      source: { kind: 'git', commit, branch: 'main' as BranchName },
      settings: {},
      variables: {},
      secrets: [],
      cache: { scope: 'production' },
    }),
  };
});
