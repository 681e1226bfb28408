import { switchAlias } from '../aliases/switch-alias.ts';
import { ok, type Result } from '../result/result.ts';
import { autoAssignAlias } from './assign-alias.ts';
import type { Deployment } from './deployment.ts';
import { forkSuffix, type DeploymentPlan, type DeploymentRequest } from './plan-deployment.ts';
import type { RequestPorts } from './request-ports.ts';
import { enqueue, supersede } from './supersede.ts';
import { targetsOf } from './targets.ts';
import { updateDeployment } from './update.ts';

/** Branches that a deployment of one commit serves or is the head of, at most. */
const MAX_BRANCHES = 20;

/**
 * Returns whether an earlier deployment of the same commit is the result of this request. For a delivery it is, also
 * when it failed or a user canceled it: one commit for one environment is one deployment, and a redeploy is an explicit
 * act. A deployment that was canceled because the branch moved on or was closed is built again when the branch returns
 * to it.
 */
export async function isResultFor(
  ports: RequestPorts,
  request: DeploymentRequest,
  existing: Deployment,
): Promise<boolean> {
  if (request.deliveryId === undefined) return isServing(ports, request, existing);
  if (existing.deliveryId === request.deliveryId) return true;
  // The branch may be back at it: the head is looked up again before a new one builds.
  if (
    request.unordered === true &&
    existing.unordered !== true &&
    (existing.state === 'success' || existing.error?.code === 'superseded')
  )
    return false;
  if (existing.state === 'success') return existing.artifactRemovedAt === undefined;
  if (existing.state !== 'canceled') return true;
  const { branch } = request.source;
  const closed = branch !== undefined && existing.closedBranches?.includes(branch) === true;
  return !closed && !(request.atHead === true && existing.error?.code === 'superseded');
}

/** Returns the newest success of the same commit: a redeploy has newer variables than the first deployment. */
export async function latestSuccessOfCommit(
  ports: RequestPorts,
  { project, environment, source }: DeploymentRequest,
  first: Deployment,
): Promise<Deployment | undefined> {
  if (source.commit === undefined) return undefined;
  const { items } = await ports.deployments.list(
    {
      projectId: project.id,
      environment,
      ...(source.branch === undefined ? {} : { branch: source.branch }),
      state: 'success',
    },
    { limit: 20 },
  );
  return items.find(
    (item) =>
      item.source.kind === source.kind &&
      item.source.commit === source.commit &&
      item.artifactRemovedAt === undefined &&
      forkSuffix(item) === forkSuffix(first),
  );
}

/**
 * Marks the deployment as the branch's head after a reset: it becomes newer than all others, and their builds are
 * canceled.
 */
export async function markAsHead(
  ports: RequestPorts,
  { source: { branch } }: DeploymentRequest,
  { id }: Deployment,
  { deployment: planned, supersedes }: DeploymentPlan,
): Promise<void> {
  if (branch === undefined) return;
  await updateDeployment(ports)(id, ({ headAt = [] }) => ({
    headAt: [...headAt.filter((head) => head.branch !== branch), { branch, at: planned.createdAt }].slice(
      -MAX_BRANCHES,
    ),
  }));
  for (const older of supersedes) if (older.id !== id) await supersede(ports, older.id, id);
}

/**
 * Returns whether an earlier deployment of the same commit is still valid for it when a user requests it. One that
 * failed or was canceled does not, nor one that its branch has moved on from or whose preview was closed.
 */
async function isServing(ports: RequestPorts, request: DeploymentRequest, existing: Deployment): Promise<boolean> {
  if (existing.state !== 'success') return existing.state !== 'failed' && existing.state !== 'canceled';
  if (existing.artifactRemovedAt !== undefined || (await ports.aliases.get(existing.host)) === undefined) return false;
  const target = (await targetsOf(ports)(request.project, { ...existing, source: request.source })).at(-1);
  const alias = target === undefined ? undefined : await ports.aliases.get(target.host);
  return alias === undefined || alias.pinned || alias.deploymentId === existing.id;
}

/**
 * Reuses the first deployment of a commit, for this branch and pull request too. A queued one that lost its job gets a
 * new job. Returns `removed` when a clean-up came in between.
 */
export async function reuseExisting(
  ports: RequestPorts,
  request: DeploymentRequest,
  existing: Deployment,
): Promise<Result<Deployment | 'removed'>> {
  if (existing.state === 'queued') await enqueue(ports, existing);
  const branch = request.source.branch;
  const shared = await updateDeployment(ports)(existing.id, (current) => {
    const newBranch =
      branch !== undefined && branch !== current.source.branch && current.alsoBranches?.includes(branch) !== true;
    // Git hosts report the push first and the pull request after it.
    const newRequest = request.pullRequest !== undefined && request.pullRequest.number !== current.pullRequest?.number;
    const reopened = branch !== undefined && current.closedBranches?.includes(branch) === true;
    if (!newBranch && !newRequest && !reopened) return undefined;
    return {
      ...(reopened ? { closedBranches: current.closedBranches?.filter((closed) => closed !== branch) ?? [] } : {}),
      ...(newBranch ? { alsoBranches: [...(current.alsoBranches ?? []), branch].slice(-MAX_BRANCHES) } : {}),
      ...(newRequest ? { pullRequest: request.pullRequest } : {}),
    };
  });
  if (!shared.ok) return shared;
  if (shared.value.artifactRemovedAt !== undefined) return ok('removed');
  if (shared.value.state === 'success') await reassignAliases(ports, request, shared.value);
  return ok(shared.value);
}

/**
 * Points the hosts of this branch and pull request at a deployment that succeeded before; at the head of its branch
 * that of the environment, too.
 */
async function reassignAliases(ports: RequestPorts, request: DeploymentRequest, deployment: Deployment): Promise<void> {
  for (const target of await targetsOf(ports)(request.project, deployment)) {
    const requested =
      (target.kind === 'branch' && target.target === request.source.branch) ||
      (target.kind === 'pull_request' && target.target === String(request.pullRequest?.number)) ||
      (target.kind === 'environment' && request.atHead === true);
    if (requested && (await ports.aliases.get(target.host))?.deploymentId !== deployment.id)
      await autoAssignAlias(ports, request.project, deployment, target);
  }
  // A preview that was closed lost its own host with its branch. After the others: a clean-up keeps what they point at.
  const seen = await ports.aliases.get(deployment.host);
  if (seen === undefined)
    await switchAlias(ports)({
      host: deployment.host,
      projectId: deployment.projectId,
      deploymentId: deployment.id,
      kind: 'deployment',
      target: deployment.id,
      pinned: false,
      expected: seen,
    });
}
