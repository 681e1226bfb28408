import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { isFinal } from '@anchor/core/deployments/deployment.ts';
import { parseId, type JobId } from '@anchor/core/names/id.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';

/** Creates a new deployment of the same source as a dead job's, whose own deployment has failed for good. */
export async function redeployDeadLetter(ports: Ports, job: JobId): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await ports.queue.dead({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    const dead = page.items.find((item) => item.id === job);
    const id = parseId('dpl', dead?.payload['deploymentId'] ?? '');
    if (id !== undefined) {
      const deployment = await ports.deployments.get(id);
      const project = deployment === undefined ? undefined : await ports.projects.get(deployment.projectId);
      if (deployment === undefined || project === undefined || !isFinal(deployment.state)) return;
      const { environment, source, pullRequest } = deployment;
      await requestDeployment(ports)({
        project,
        environment,
        source,
        force: true,
        ...(pullRequest === undefined ? {} : { pullRequest }),
      });
      return;
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
}
