import { deploymentHost } from '../aliases/host.ts';
import { newId, type DeliveryId, type DeploymentId } from '../names/id.ts';
import { PRODUCTION, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { anchorError, fail, ok, type Result } from '../result/result.ts';
import { isFinal, type Deployment, type DeploymentSource } from './deployment.ts';
import { moveDeployment } from './update.ts';

export type DeploymentRequest = Readonly<{
  project: Project;
  environment: EnvironmentName;
  source: DeploymentSource;
  deliveryId?: DeliveryId;
  pullRequest?: Readonly<{ number: number; fork: boolean }>;
  /** Builds again although the same commit was deployed to this environment before. */
  force?: boolean;
}>;

type RequestPorts = Pick<Ports, 'deployments' | 'queue' | 'clock' | 'site'>;

/**
 * Makes a deployment and queues its build. The same (project, environment, commit) twice answers the first one. Fork
 * pull requests are held until a person approves. Steps are idempotent: a crash after any of them is mended by `recover`.
 */
export const requestDeployment =
  (ports: RequestPorts) =>
  async (request: DeploymentRequest): Promise<Result<Readonly<{ deployment: Deployment; created: boolean }>>> => {
    const { project, source } = request;
    if (project.status === 'paused') return fail('not_ready', `The project ${project.name} is paused`, 'Set its status to active first.');
    const now = ports.clock.now();
    const id = newId('dpl', now);
    const dedupeKey = request.force === true || source.commit === undefined ? id : `${project.id}/${request.environment}/${source.commit}`;
    const existing = await ports.deployments.byDedupeKey(dedupeKey);
    if (existing !== undefined) return again(ports, existing);
    const fork = request.pullRequest?.fork === true;
    const deployment: Deployment = {
      id, projectId: project.id, environment: request.environment, source, dedupeKey, state: fork ? 'held' : 'queued',
      trusted: !fork, host: deploymentHost(project.name, id, ports.site.domain), steps: [], attempt: 0, createdAt: now, updatedAt: now, version: 1,
      ...(request.deliveryId === undefined ? {} : { deliveryId: request.deliveryId }),
      ...(request.pullRequest === undefined ? {} : { pullRequest: request.pullRequest }),
      ...(fork ? { error: anchorError('forbidden', 'It comes from a fork and waits for approval', `Read the change, then: anchor approve ${id}`, 'Builds of forks run code of strangers; they get no secrets.') } : {}),
    };
    if (!(await ports.deployments.insert(deployment))) {
      const winner = await ports.deployments.byDedupeKey(dedupeKey);
      return winner === undefined ? fail('internal', 'The deployment could not be stored', 'Try again.') : again(ports, winner);
    }
    if (!fork) await enqueue(ports, deployment);
    await supersede(ports, deployment);
    return ok({ deployment, created: true });
  };

/** The same push again: the first deployment answers; one that was queued but lost its job gets it back. */
async function again(ports: RequestPorts, deployment: Deployment): Promise<Result<Readonly<{ deployment: Deployment; created: boolean }>>> {
  if (deployment.state === 'queued') await enqueue(ports, deployment);
  return ok({ deployment, created: false });
}

/** Queues the build of a deployment; queuing it twice is queuing it once. */
export async function enqueue(ports: Pick<Ports, 'queue' | 'clock'>, deployment: Deployment): Promise<void> {
  const now = ports.clock.now();
  await ports.queue.enqueue({
    id: newId('job', now), lane: deployment.environment === PRODUCTION ? 'production' : 'preview', group: deployment.projectId, kind: 'deploy',
    payload: { deploymentId: deployment.id }, dedupeKey: deployment.id, attempts: 0, notBefore: now, createdAt: now,
  });
}

/** Cancels what waits or builds for the same branch and environment: only the newest commit matters. A running switch goes on. */
async function supersede(ports: RequestPorts, newest: Deployment): Promise<void> {
  const branch = newest.source.branch;
  if (branch === undefined) return;
  for (const state of ['held', 'queued', 'building'] as const) {
    const { items } = await ports.deployments.list({ projectId: newest.projectId, environment: newest.environment, state, branch }, { limit: 100 });
    for (const older of items) if (older.id !== newest.id && older.createdAt <= newest.createdAt && !isFinal(older.state)) await stopBuild(ports, older.id, newest.id);
  }
}

async function stopBuild(ports: RequestPorts, id: DeploymentId, by: DeploymentId): Promise<void> {
  const moved = await moveDeployment(ports)(id, 'canceled', { error: anchorError('superseded', `A newer commit of the same branch took its place: ${by}`, 'Nothing to do: the newer deployment goes live.') });
  if (moved.ok) await ports.queue.cancel(id);
}

