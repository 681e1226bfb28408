import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { branchHeads } from '@anchor/core/deliveries/branch-heads.ts';
import type { BranchName, CommitSha } from '@anchor/core/names/name.ts';
import type { GitProvider } from '@anchor/core/projects/project.ts';
import { branchHeadsContract, newCommit, type BranchHeadsHarness } from '@anchor/testing/contracts/branch-heads.ts';
import { sampleProject } from '@anchor/testing/samples.ts';
import { remoteHead } from './remote-head.ts';

const packet = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;

/** A git host over HTTP that advertises refs; after `stop` it accepts connections and sends nothing. */
async function gitHost(provider: GitProvider): Promise<BranchHeadsHarness> {
  const refs = new Map<string, CommitSha>();
  const silent: ServerResponse[] = [];
  let stopped = false;
  const server = createServer((_request, response) => {
    if (stopped) return void silent.push(response);
    const lines = [...refs].map(([name, commit], i) =>
      packet(`${commit} ${name}${i === 0 ? '\0allow-tip-sha1-in-want' : ''}\n`),
    );
    response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
    response.end(`${packet('# service=git-upload-pack\n')}0000${lines.join('')}0000`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/r.git`;
  const subject = branchHeads(
    { branchHead: async () => undefined },
    {
      head: (_project, ref, withinMs) =>
        remoteHead({ url, ref, provider, withinMs, allowHosts: ['127.0.0.1'], path: process.env['PATH'] ?? '' }),
    },
  );
  return {
    subject,
    project: sampleProject({ source: { kind: 'git', url, provider } }),
    pullRequests: provider !== 'generic',
    push: async (ref) => {
      const commit = newCommit();
      refs.set(
        ref.startsWith('#')
          ? `refs/${provider === 'gitlab' ? 'merge-requests' : 'pull'}/${ref.slice(1)}/head`
          : `refs/heads/${ref}`,
        commit,
      );
      return commit;
    },
    stop: async () => void (stopped = true),
    end: async () => {
      for (const response of silent) response.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

branchHeadsContract('heads of a GitHub repository', () => gitHost('github'));
branchHeadsContract('heads of a GitLab repository', () => gitHost('gitlab'));
branchHeadsContract('heads of a plain git host', () => gitHost('generic'));

test('a branch that is named like a reference is not taken for it', async () => {
  const { subject, project, push, end } = await gitHost('github');
  try {
    await push('refs/heads/stable');
    await push('refs/pull/5/head');
    assert.equal((await subject.head(project, { kind: 'branch', branch: 'stable' as BranchName }, 5_000)).ok, false);
    assert.equal((await subject.head(project, { kind: 'pull_request', number: 5 }, 5_000)).ok, false);
    const [stable, request] = [await push('stable'), await push('#5')];
    assert.deepEqual(await subject.head(project, { kind: 'branch', branch: 'stable' as BranchName }, 5_000), {
      ok: true,
      value: stable,
    });
    assert.deepEqual(await subject.head(project, { kind: 'pull_request', number: 5 }, 5_000), {
      ok: true,
      value: request,
    });
  } finally {
    await end();
  }
});
