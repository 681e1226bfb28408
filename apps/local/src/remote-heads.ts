import { KeyedSemaphore } from '@anchor/git-host-local/process/keyed-semaphore.ts';
import { remoteHead } from '@anchor/build-runner/source/remote-head.ts';
import type { BranchHeads } from '@anchor/core/ports/branch-heads.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import { fail, ok } from '@anchor/core/result/result.ts';
import type { Settings } from './settings.ts';

/** A git host that does not respond holds each lookup for as long as it may take, and each may take 256 MB. */
const PER_PROJECT = 2;
const IN_SUM = 8;

/** Looks up heads at the git hosts of projects with a repository elsewhere, with the project's credentials. */
export function remoteHeads(secrets: SecretBox, settings: Settings, env: NodeJS.ProcessEnv): BranchHeads {
  const turns = new KeyedSemaphore({ perKey: PER_PROJECT, inSum: IN_SUM });
  return {
    async head(project, ref, withinMs) {
      if (project.source.kind !== 'git')
        return fail('unsupported', 'The project has no external repository', 'Push to its own remote: git push anchor');
      const credentials =
        project.gitCredentials === undefined
          ? ok(undefined)
          : await secrets.open(project.gitCredentials, `git/${project.id}`);
      if (!credentials.ok) return credentials;
      const started = performance.now();
      const done = await turns.acquire(project.id, withinMs);
      if (done === undefined)
        return fail(
          'source_unreachable',
          'Too many requests of this project to its git host are pending',
          'Check that the git host responds, then push again.',
        );
      return remoteHead({
        url: project.source.url,
        provider: project.source.provider,
        ref,
        withinMs: Math.max(1, Math.ceil(withinMs - (performance.now() - started))),
        allowHosts: settings.allowGitHosts,
        path: env['PATH'] ?? '/usr/bin:/bin',
        ...(credentials.value === undefined ? {} : { credentials: credentials.value }),
        ...(settings.trustStore === undefined ? {} : { trustStore: settings.trustStore }),
      }).finally(done);
    },
  };
}
