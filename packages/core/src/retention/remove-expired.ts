import type { Deployment } from '../deployments/deployment.ts';
import { updateDeployment } from '../deployments/update.ts';
import type { DeploymentId } from '../names/id.ts';
import { processRecord } from '../records/process-record.ts';
import type { Marks } from './mark.ts';
import type { GcPorts, RetentionSettings } from './retention-settings.ts';
import { neededBy, type Survey } from './survey.ts';

/** Removes the records and artifacts that a survey found expired. Marks what stays after all. */
export async function removeExpired(
  ports: GcPorts,
  settings: RetentionSettings,
  survey: Survey,
  marks: Marks,
  now: number,
): Promise<void> {
  const process = processRecord(ports);
  for (const id of survey.deliveries) await process({ kind: 'retention', id }, () => ports.deliveries.remove(id));
  for (const id of [...survey.artifacts, ...survey.records]) {
    let stays: Deployment | undefined;
    const outcome = await process({ kind: 'retention', id }, async () => {
      stays = await promotedMeanwhile(ports, id, settings.rollbackTargets, now);
      if (stays === undefined) await removeOne(ports, id, now, survey.records.includes(id));
    });
    // A deployment that could not be removed may still be served.
    if (outcome !== 'processed') stays = await ports.deployments.get(id);
    if (stays === undefined) continue;
    survey.retained.push(stays);
    await marks.addArtifactOf(stays);
  }
}

/** Returns the deployment when a user has promoted it since the first read: it stays. */
async function promotedMeanwhile(
  ports: GcPorts,
  id: DeploymentId,
  targets: number,
  now: number,
): Promise<Deployment | undefined> {
  const deployment = await ports.deployments.get(id);
  const project = deployment === undefined ? undefined : await ports.projects.get(deployment.projectId);
  return project !== undefined && (await neededBy(ports, project, targets, now)).has(id) ? deployment : undefined;
}

/** Removes a deployment's files, or all of it. It is marked first: from then on it cannot be promoted any more. */
async function removeOne(ports: GcPorts, id: DeploymentId, now: number, record: boolean): Promise<void> {
  const marked = await updateDeployment(ports)(id, (current) =>
    current.artifactRemovedAt === undefined ? { artifactRemovedAt: now } : undefined,
  );
  if (marked.ok) await ports.aliases.remove(marked.value.host);
  await ports.functions.stop(id);
  if (!record) return;
  await ports.logs.remove(id);
  await ports.deployments.remove(id);
}
