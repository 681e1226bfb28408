import type { Alias } from '../aliases/alias.ts';
import { environmentHost } from '../aliases/host.ts';
import { switchAlias } from '../aliases/switch-alias.ts';
import { followEnvironment } from '../domains/domain-aliases.ts';
import type { DeploymentId } from '../names/id.ts';
import { PREVIEW, PRODUCTION, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { notFound } from './update.ts';

export type SwitchPorts = Pick<
  Ports,
  'projects' | 'deployments' | 'aliases' | 'blobs' | 'clock' | 'domains' | 'probe' | 'site'
>;
export type Switched = Readonly<{ alias: Alias; deployment: Deployment; previous?: DeploymentId }>;

/**
 * Assigns an environment's alias to a deployment that succeeded before, without building, and removes the pin of a
 * rollback.
 */
export const promote =
  (ports: SwitchPorts) =>
  (
    input: Readonly<{ deploymentId: DeploymentId; environment?: EnvironmentName; expectedRevision?: number }>,
  ): Promise<Result<Switched>> =>
    assignEnvironmentAlias(ports, input.deploymentId, input.environment ?? PRODUCTION, false, input.expectedRevision);

/** Assigns an environment's alias: the shared part of promote and rollback, which differ in the pin alone. */
export async function assignEnvironmentAlias(
  ports: SwitchPorts,
  id: DeploymentId,
  environment: EnvironmentName,
  pinned: boolean,
  expectedRevision?: number,
): Promise<Result<Switched>> {
  const deployment = await ports.deployments.get(id);
  if (deployment === undefined) return notFound();
  const project = await ports.projects.get(deployment.projectId);
  if (project === undefined) return notFound();
  if (environment === PREVIEW)
    return fail('invalid_input', 'Preview has no host of its own to promote to', 'Name production or a stage.');
  const servable = await checkServable(ports, deployment);
  if (!servable.ok) return servable;
  const host = environmentHost(project.name, environment, ports.site.domain);
  const seen = await ports.aliases.get(host);
  if (expectedRevision !== undefined && (seen?.revision ?? 0) !== expectedRevision)
    return fail(
      'conflict',
      `${host} has changed since you read it`,
      'Run `anchor projects inspect` to see what is live, then retry.',
      `revision ${seen?.revision ?? 0}, you expected ${expectedRevision}`,
    );
  const moved = await switchAlias(ports)({
    host,
    projectId: project.id,
    deploymentId: id,
    kind: 'environment',
    target: environment,
    pinned,
    expected: seen,
  });
  if (!moved.ok) return moved;
  const followed = await followEnvironment(ports)(project, environment);
  if (!followed.ok) return followed;
  return ok({ alias: moved.value, deployment, ...(seen === undefined ? {} : { previous: seen.deploymentId }) });
}

/** Refuses a deployment that did not succeed, whose files are gone, or that was built from a fork. */
async function checkServable(ports: SwitchPorts, deployment: Deployment): Promise<Result<void>> {
  if (deployment.state !== 'success')
    return fail(
      'not_ready',
      `This deployment is ${deployment.state}, not success`,
      'Only a deployment that succeeded can serve.',
      deployment.error?.message,
    );
  if (
    deployment.artifact === undefined ||
    deployment.artifactRemovedAt !== undefined ||
    !(await ports.blobs.has(deployment.artifact))
  )
    return fail(
      'not_ready',
      'The files of this deployment were removed by retention',
      'Deploy its commit again: anchor deploy --commit.',
    );
  // Built from a fork's code and without secrets, approved as a preview only.
  if (!deployment.trusted)
    return fail(
      'forbidden',
      'A deployment of a fork cannot be promoted',
      'Merge the pull request; the merge deploys.',
      `the deployment is of pull request ${deployment.pullRequest?.number ?? ''} of a fork`,
    );
  return ok(undefined);
}
