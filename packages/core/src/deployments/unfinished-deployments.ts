import { parseId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { DROPPED } from '../records/dropped.ts';
import type { Completion, RecoverySource } from '../records/recovery-source.ts';
import { anchorError, ok } from '../result/result.ts';
import { isFinal, type Deployment, type DeploymentState } from './deployment.ts';
import { enqueue } from './supersede.ts';
import { moveDeployment, updateDeployment } from './update.ts';

/** Returns the deployments in one of `states`, each of which must have a job. */
export const unfinishedDeployments = (ports: Ports, states: readonly DeploymentState[]): RecoverySource => ({
  kind: 'deployment',
  unfinished: async () =>
    (await ports.deployments.inStates(states)).map((deployment) => ({
      id: deployment.id,
      project: deployment.projectId,
      complete: () => restoreJob(ports, deployment),
    })),
  async drop(id) {
    const deploymentId = parseId('dpl', id);
    if (deploymentId === undefined) return ok(undefined);
    const error = anchorError('canceled', DROPPED, 'Run `anchor deploy` to deploy again.');
    const dropped = await updateDeployment(ports)(deploymentId, (current) =>
      isFinal(current.state) ? undefined : { state: 'failed', error },
    );
    return dropped.ok || dropped.error.code === 'not_found' ? ok(undefined) : dropped;
  },
});

async function restoreJob(ports: Ports, deployment: Deployment): Promise<Completion> {
  // A partial build is discarded; a switch continues from its last step.
  if (deployment.state === 'building') await moveDeployment(ports)(deployment.id, 'queued');
  await enqueue(ports, deployment);
  return 'completed';
}
