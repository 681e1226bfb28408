import type { Alias } from '../aliases/alias.ts';
import { environmentHost } from '../aliases/host.ts';
import { moveAlias } from '../aliases/move.ts';
import type { DeploymentId } from '../names/id.ts';
import { PREVIEW, PRODUCTION, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { notFound } from './update.ts';

export type SwitchPorts = Pick<Ports, 'projects' | 'deployments' | 'aliases' | 'blobs' | 'clock' | 'probe' | 'site'>;
export type Switched = Readonly<{ alias: Alias; deployment: Deployment; previous?: DeploymentId }>;

/** Points an environment at a deployment that succeeded before, without building; takes the pin of a rollback away. */
export const promote =
  (ports: SwitchPorts) =>
  (input: Readonly<{ deploymentId: DeploymentId; environment?: EnvironmentName; expectedRevision?: number }>): Promise<Result<Switched>> =>
    pointAt(ports, input.deploymentId, input.environment ?? PRODUCTION, false, input.expectedRevision);

/** The part that promote and rollback share; they differ in the pin alone. */
export async function pointAt(ports: SwitchPorts, id: DeploymentId, environment: EnvironmentName, pinned: boolean, expectedRevision?: number): Promise<Result<Switched>> {
  const deployment = await ports.deployments.get(id);
  if (deployment === undefined) return notFound();
  const project = await ports.projects.get(deployment.projectId);
  if (project === undefined) return notFound();
  if (environment === PREVIEW) return fail('invalid_input', 'Preview has no host of its own to promote to', 'Name production or a stage.');
  if (deployment.state !== 'success') return fail('not_ready', `This deployment is ${deployment.state}, not success`, 'Only a deployment that succeeded can serve.', deployment.error?.message);
  if (deployment.artifact === undefined || deployment.artifactRemovedAt !== undefined || !(await ports.blobs.has(deployment.artifact))) return fail('not_ready', 'The files of this deployment were removed by retention', 'Deploy its commit again: anchor deploy --commit.');
  // Built from a stranger's code and without secrets, approved only to be looked at.
  if (!deployment.trusted) return fail('forbidden', 'A deployment of a fork can not be promoted', 'Merge the pull request; the merge deploys.', `it comes from pull request ${deployment.pullRequest?.number ?? ''} of a fork`);
  const host = environmentHost(project.name, environment, ports.site.domain);
  const seen = await ports.aliases.get(host);
  if (expectedRevision !== undefined && (seen?.revision ?? 0) !== expectedRevision) return fail('conflict', `${host} has moved since you looked`, 'Look at what is live now and try again.', `revision ${seen?.revision ?? 0}, you expected ${expectedRevision}`);
  const moved = await moveAlias(ports)({ host, projectId: project.id, deploymentId: id, kind: 'environment', target: environment, pinned, seen });
  if (!moved.ok) return moved;
  return ok({ alias: moved.value, deployment, ...(seen === undefined ? {} : { previous: seen.deploymentId }) });
}
