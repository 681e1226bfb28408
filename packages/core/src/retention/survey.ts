import { isFinal, type Deployment } from '../deployments/deployment.ts';
import type { DeliveryId, DeploymentId } from '../names/id.ts';
import { REMOVED_PROJECTS } from '../ports/facts.ts';
import type { Project } from '../projects/project.ts';
import type { Marks } from './mark.ts';
import { everyDelivery, everyDeployment, everyProject } from './listings.ts';
import { DAY_MS, type GcPorts, type RetentionSettings } from './retention-settings.ts';

/** A build that failed leaves blobs that nothing names. */
const FAILED_BUILDS_EXPLAIN_MS = 7 * DAY_MS;

/** The result of a survey: the records to remove, and the deployments that stay. */
export type Survey = {
  projects: number;
  artifacts: DeploymentId[];
  records: DeploymentId[];
  deliveries: DeliveryId[];
  retained: Deployment[];
  failedLately: boolean;
};

/** Reads every record and decides what stays. Changes nothing. */
export async function takeSurvey(
  ports: GcPorts,
  settings: RetentionSettings,
  marks: Marks,
  now: number,
): Promise<Survey> {
  const survey: Survey = { projects: 0, artifacts: [], records: [], deliveries: [], retained: [], failedLately: false };
  for await (const project of everyProject(ports)) {
    survey.projects++;
    const needed = await neededBy(ports, project, settings.rollbackTargets, now);
    for await (const deployment of everyDeployment(ports, project)) {
      const age = now - deployment.createdAt;
      if (needed.has(deployment.id) || !isFinal(deployment.state)) survey.retained.push(deployment);
      else if (age > settings.recordDays * DAY_MS) survey.records.push(deployment.id);
      else if (age > settings.artifactDays * DAY_MS) {
        if (deployment.artifact !== undefined && deployment.artifactRemovedAt === undefined)
          survey.artifacts.push(deployment.id);
      } else survey.retained.push(deployment);
      if (deployment.source.kind === 'upload' && (!isFinal(deployment.state) || age <= settings.artifactDays * DAY_MS))
        marks.add(deployment.source.blob, project.id);
      if ((deployment.state === 'failed' || deployment.state === 'canceled') && age < FAILED_BUILDS_EXPLAIN_MS)
        survey.failedLately = true;
    }
    for await (const delivery of everyDelivery(ports, project)) {
      if (now - delivery.receivedAt > settings.recordDays * DAY_MS && delivery.state !== 'received')
        survey.deliveries.push(delivery.id);
      else if (delivery.body.startsWith('blob:')) marks.add(delivery.body.slice(5), project.id);
    }
  }
  return survey;
}

/** Returns whether anything happened that leaves blobs behind: a removal, the age of records, a build that failed. */
export async function explains(
  ports: GcPorts,
  { artifacts, records, deliveries, failedLately }: Survey,
): Promise<boolean> {
  return (
    artifacts.length + records.length + deliveries.length > 0 ||
    failedLately ||
    Number((await ports.facts.get(REMOVED_PROJECTS)) ?? 0) > 0
  );
}

/**
 * Returns what is needed: the targets of aliases, the rollback targets of each, and what skew protection may still
 * serve. A deployment's own permanent host alone retains nothing.
 */
export async function neededBy(
  ports: GcPorts,
  project: Project,
  targets: number,
  now: number,
): Promise<ReadonlySet<DeploymentId>> {
  const needed = new Set<DeploymentId>();
  for (const alias of await ports.aliases.listByProject(project.id)) {
    if (alias.kind === 'deployment') continue;
    needed.add(alias.deploymentId);
    for (const [i, id] of alias.history.entries())
      if (i < targets || (alias.skewProtectedUntil?.[id] ?? 0) > now) needed.add(id);
  }
  return needed;
}
