import type { Delivery } from '../deliveries/delivery.ts';
import type { DeploymentId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { anchorError, fail, ok, type Result } from '../result/result.ts';
import type { Deployment } from './deployment.ts';
import { draftDeployment, jobOf, newestOf, type DeploymentRequest, type Draft } from './draft.ts';
import { pointTo } from './point-to.ts';
import { targetsOf } from './targets.ts';
import { moveDeployment, updateDeployment } from './update.ts';

export type RequestPorts = Pick<Ports, 'deployments' | 'queue' | 'intake' | 'clock' | 'site' | 'aliases' | 'projects' | 'probe'>;

/**
 * Makes a deployment and queues its build. The same (project, environment, commit) twice answers the first one. Steps
 * are idempotent: a crash after any of them is mended by `recover`.
 */
export const requestDeployment =
  (ports: RequestPorts) =>
  async (request: DeploymentRequest): Promise<Result<Readonly<{ deployment: Deployment; created: boolean }>>> => {
    const drafted = await draftDeployment(ports)(request);
    if (!drafted.ok) return drafted;
    const { deployment } = drafted.value;
    if ((await takeDraft(ports, drafted.value)) === 'stored') return ok({ deployment, created: true });
    const existing = await ports.deployments.byDedupeKey(deployment.dedupeKey);
    if (existing === undefined) return fail('internal', 'The deployment could not be stored', 'Try again.');
    return (await isCurrent(ports, request, existing)) ? again(ports, request, existing) : requestDeployment(ports)({ ...request, force: true });
  };

/** Stores a draft, with the delivery that asked for it, and takes the place of older builds. Writes nothing when one of the two is known. */
export async function takeDraft(ports: RequestPorts, { deployment, job, supersedes }: Draft, delivery?: Delivery) {
  const taken = await ports.intake.take({ deployment, ...(job === undefined ? {} : { job }), ...(delivery === undefined ? {} : { delivery }) });
  // Only the newest commit matters; a running switch goes on.
  if (taken === 'stored') for (const older of supersedes) await stopBuild(ports, older.id, deployment.id);
  return taken;
}

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
    const reopened = branch !== undefined && current.closedBranches?.includes(branch) === true;
    if (!newBranch && !newRequest && !reopened) return undefined;
    return { ...(reopened ? { closedBranches: current.closedBranches?.filter((closed) => closed !== branch) ?? [] } : {}), ...(newBranch ? { alsoBranches: [...(current.alsoBranches ?? []), branch].slice(-MAX_SHARED) } : {}), ...(newRequest ? { pullRequest: request.pullRequest } : {}) };
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
  await ports.queue.enqueue(jobOf(deployment, ports.clock.now()));
}

/** Cancels a deployment that has come to its turn although a newer one of its branch waits or is done. True when it did. */
export async function yieldToNewer(ports: Pick<Ports, 'deployments' | 'queue' | 'clock'>, deployment: Deployment): Promise<boolean> {
  const newer = await newestOf(ports, deployment);
  if (newer === undefined || newer.id === deployment.id || newer.createdAt < deployment.createdAt) return false;
  if (newer.state === 'canceled' || newer.state === 'failed' || newer.state === 'held') return false;
  await stopBuild(ports, deployment.id, newer.id);
  return true;
}

async function stopBuild(ports: Pick<Ports, 'deployments' | 'queue' | 'clock'>, id: DeploymentId, by: DeploymentId): Promise<void> {
  const moved = await moveDeployment(ports)(id, 'canceled', { error: anchorError('superseded', `A newer commit of the same branch took its place: ${by}`, 'Nothing to do: the newer deployment goes live.') });
  if (moved.ok) await ports.queue.cancel(id);
}
