import { deploymentHost } from '../aliases/host.ts';
import { newId, type DeliveryId, type DeploymentId } from '../names/id.ts';
import { PRODUCTION, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { anchorError, fail, ok, type Result } from '../result/result.ts';
import { type Deployment, type DeploymentSource } from './deployment.ts';
import { pointTo } from './point-to.ts';
import { targetsOf } from './targets.ts';
import { moveDeployment, updateDeployment } from './update.ts';

export type DeploymentRequest = Readonly<{
  project: Project;
  environment: EnvironmentName;
  source: DeploymentSource;
  deliveryId?: DeliveryId;
  pullRequest?: Readonly<{ number: number; fork: boolean }>;
  /** Builds again although the same commit was deployed to this environment before. */
  force?: boolean;
}>;

type RequestPorts = Pick<Ports, 'deployments' | 'queue' | 'clock' | 'site' | 'aliases' | 'projects' | 'probe'>;

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
    const dedupeKey = request.force === true || source.commit === undefined ? id : `${project.id}/${request.environment}/${source.commit}${forkMark(request)}`;
    const existing = await ports.deployments.byDedupeKey(dedupeKey);
    if (existing !== undefined && (await isCurrent(ports, request, existing))) return again(ports, request, existing);
    if (existing !== undefined) return requestDeployment(ports)({ ...request, force: true });
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
      return winner === undefined ? fail('internal', 'The deployment could not be stored', 'Try again.') : again(ports, request, winner);
    }
    if (!fork) await enqueue(ports, deployment);
    await supersede(ports, deployment);
    return ok({ deployment, created: true });
  };

/** A fork's pull request is a line of its own: it neither stands for our branch of the same name or commit nor takes its place. */
const forkMark = ({ pullRequest }: Pick<Deployment, 'pullRequest'>): string => (pullRequest?.fork === true ? `/pr-${pullRequest.number}` : '');

/**
 * Whether an earlier deployment of the same commit still stands for it. One that failed or was canceled does not, nor
 * one that its branch has moved on from or whose preview was closed: a branch that is set back or comes back is deployed
 * anew.
 */
async function isCurrent(ports: RequestPorts, request: DeploymentRequest, existing: Deployment): Promise<boolean> {
  if (existing.deliveryId !== undefined && existing.deliveryId === request.deliveryId) return true;
  if (existing.state !== 'success') return existing.state !== 'failed' && existing.state !== 'canceled';
  if (existing.artifactRemovedAt !== undefined || (await ports.aliases.get(existing.host)) === undefined) return false;
  const target = (await targetsOf(ports)(request.project, { ...existing, source: request.source })).at(-1);
  const alias = target === undefined ? undefined : await ports.aliases.get(target.host);
  return alias === undefined || alias.pinned || alias.deploymentId === existing.id;
}

/** The same commit again: the first deployment answers, for this branch and pull request too; one that was queued but lost its job gets it back. */
async function again(ports: RequestPorts, request: DeploymentRequest, existing: Deployment): Promise<Result<Readonly<{ deployment: Deployment; created: boolean }>>> {
  if (existing.state === 'queued') await enqueue(ports, existing);
  const branch = request.source.branch;
  const shared = await updateDeployment(ports)(existing.id, (current) => {
    const newBranch = branch !== undefined && branch !== current.source.branch && current.alsoBranches?.includes(branch) !== true;
    // Git hosts tell of the push first and of the pull request after it.
    const newRequest = request.pullRequest !== undefined && request.pullRequest.number !== current.pullRequest?.number;
    if (!newBranch && !newRequest) return undefined;
    return { ...(newBranch ? { alsoBranches: [...(current.alsoBranches ?? []), branch].slice(-MAX_SHARED) } : {}), ...(newRequest ? { pullRequest: request.pullRequest } : {}) };
  });
  if (!shared.ok) return shared;
  if (shared.value.state === 'success') {
    for (const target of await targetsOf(ports)(request.project, shared.value)) {
      const asked = (target.kind === 'branch' && target.target === branch) || (target.kind === 'pull_request' && target.target === String(request.pullRequest?.number));
      if (asked && (await ports.aliases.get(target.host))?.deploymentId !== shared.value.id) await pointTo(ports, request.project, shared.value, target);
    }
  }
  return ok({ deployment: shared.value, created: false });
}

const MAX_SHARED = 20;

/** Queues the build of a deployment; queuing it twice is queuing it once. */
export async function enqueue(ports: Pick<Ports, 'queue' | 'clock'>, deployment: Deployment): Promise<void> {
  const now = ports.clock.now();
  await ports.queue.enqueue({
    id: newId('job', now), lane: deployment.environment === PRODUCTION ? 'production' : 'preview', group: deployment.projectId, kind: 'deploy',
    payload: { deploymentId: deployment.id }, dedupeKey: deployment.id, attempts: 0, notBefore: now, createdAt: now,
  });
}

/** How many of a branch's newest deployments a push looks at; what waits beyond them finds out by itself when its turn comes. */
const LOOK_BACK = 20;

/** Cancels what waits or builds for the same branch and environment: only the newest commit matters. A running switch goes on. */
async function supersede(ports: RequestPorts, newest: Deployment): Promise<void> {
  const branch = newest.source.branch;
  if (branch === undefined) return;
  const { items } = await ports.deployments.list({ projectId: newest.projectId, environment: newest.environment, branch }, { limit: LOOK_BACK });
  for (const older of items) if (older.id < newest.id && forkMark(older) === forkMark(newest) && CANCELABLE.includes(older.state)) await stopBuild(ports, older.id, newest.id);
}
const CANCELABLE: readonly Deployment['state'][] = ['held', 'queued', 'building'];

/** Cancels a deployment that has come to its turn although a newer one of its branch waits or is done. True when it did. */
export async function yieldToNewer(ports: RequestPorts, deployment: Deployment): Promise<boolean> {
  const branch = deployment.source.branch;
  if (branch === undefined) return false;
  const { items } = await ports.deployments.list({ projectId: deployment.projectId, environment: deployment.environment, branch }, { limit: LOOK_BACK });
  const newer = items.find((candidate) => forkMark(candidate) === forkMark(deployment));
  if (newer === undefined || newer.id <= deployment.id || newer.state === 'canceled' || newer.state === 'failed' || newer.state === 'held') return false;
  await stopBuild(ports, deployment.id, newer.id);
  return true;
}

async function stopBuild(ports: RequestPorts, id: DeploymentId, by: DeploymentId): Promise<void> {
  const moved = await moveDeployment(ports)(id, 'canceled', { error: anchorError('superseded', `A newer commit of the same branch took its place: ${by}`, 'Nothing to do: the newer deployment goes live.') });
  if (moved.ok) await ports.queue.cancel(id);
}

