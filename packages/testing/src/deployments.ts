import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import { runDeployment } from '@anchor/core/deployments/run.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { BranchName, CommitSha, HostName } from '@anchor/core/names/name.ts';
import { createProject } from '@anchor/core/projects/projects.ts';
import { memoryHome } from './memory/home.ts';
import { must } from './samples.ts';

/** Returns a commit id that differs with `n`. */
export const commit = (n: number): CommitSha => String(n).padStart(40, 'a') as CommitSha;

/**
 * Starts an in-memory platform with one project, for tests of deployments; each push comes a second after the one
 * before.
 */
export async function startDemo() {
  const home = memoryHome();
  const { project } = must(await createProject(home)('demo', {}));
  let deliveries = 0;
  const heads = new Map<string, CommitSha>();
  return {
    home,
    project,
    async push(n: number, branch = 'main'): Promise<DeploymentId> {
      home.clock.advance(1_000);
      const before = heads.get(branch);
      heads.set(branch, commit(n));
      home.heads.set(branch, commit(n));
      const push: PushEvent = {
        kind: 'push',
        branch: branch as BranchName,
        commit: commit(n),
        ...(before === undefined ? {} : { before }),
      };
      const accepted = must(
        await acceptPush(home)({
          projectId: project.id,
          source: 'github',
          externalId: `d${deliveries++}`,
          event: 'push',
          headers: {},
          body: '{}',
          push,
        }),
      );
      const id = accepted.deploymentIds[0];
      if (id === undefined) throw new Error(accepted.delivery.reason ?? 'no deployment');
      return id;
    },
    /** Builds it to its end. Returns its state. */
    async build(id: DeploymentId): Promise<string> {
      must(await runDeployment(home)(id, new AbortController().signal));
      return (await home.deployments.get(id))?.state ?? 'gone';
    },
    live: async (name = 'demo.localhost'): Promise<DeploymentId | undefined> =>
      (await home.aliases.get(name as HostName))?.deploymentId,
  };
}
