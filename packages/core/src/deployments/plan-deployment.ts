import { deploymentHost } from '../aliases/host.ts';
import { newId, type DeliveryId } from '../names/id.ts';
import { PREVIEW, PRODUCTION, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import type { Job } from '../queue/job.ts';
import { anchorError, fail, ok, type Result } from '../result/result.ts';
import { headTime, type Deployment, type DeploymentSource } from './deployment.ts';

export type DeploymentRequest = Readonly<{
  project: Project;
  environment: EnvironmentName;
  source: DeploymentSource;
  deliveryId?: DeliveryId;
  pullRequest?: Readonly<{ number: number; fork: boolean }>;
  /** Builds again although the same commit was deployed to this environment before. */
  force?: boolean;
  /** Whether its commit is known to be the branch's head: a deployment of it that succeeded before serves again. */
  atHead?: boolean;
  /** The git host could not be reached to look up the head, so it cancels no other build. */
  unordered?: boolean;
  /** The branch's newest deployments (`recentOfBranch`), when the caller has just read them. */
  earlier?: readonly Deployment[];
}>;

/**
 * A deployment that is not stored yet, the job that builds it (none while it is held), and the unfinished ones of its
 * branch that it supersedes.
 */
export type DeploymentPlan = Readonly<{ deployment: Deployment; job?: Job; supersedes: readonly Deployment[] }>;

/**
 * How many of a branch's newest deployments a push checks; older ones in the queue find out by themselves when their
 * turn comes.
 */
const LOOK_BACK = 20;
const CANCELABLE: readonly Deployment['state'][] = ['held', 'queued', 'building'];

/** Decides what a request makes, and writes nothing. Fork pull requests are held until a user approves. */
export const planDeployment =
  (ports: Pick<Ports, 'deployments' | 'variables' | 'clock' | 'site'>) =>
  async (request: DeploymentRequest): Promise<Result<DeploymentPlan>> => {
    const { project, source, environment } = request;
    if (project.status === 'paused')
      return fail('not_ready', `The project ${project.name} is paused`, 'Set its status to active first.');
    const earlier = request.earlier ?? (await recentOfBranch(ports, request));
    const now = monotonicNow(ports.clock.now(), [...earlier, ...(await latestInEnvironment(ports, request))]);
    const id = newId('dpl', now);
    const dedupeKey =
      request.force === true || source.commit === undefined
        ? id
        : `${project.id}/${environment}/${source.commit}${forkSuffix(request)}${await branchSuffix(ports, request)}`;
    const fork = request.pullRequest?.fork === true;
    const deployment: Deployment = {
      id,
      projectId: project.id,
      environment,
      source,
      dedupeKey,
      state: fork ? 'held' : 'queued',
      trusted: !fork,
      host: deploymentHost(project.name, id, ports.site.domain),
      steps: [],
      attempt: 0,
      createdAt: now,
      updatedAt: now,
      version: 1,
      ...(request.deliveryId === undefined ? {} : { deliveryId: request.deliveryId }),
      ...(request.unordered === true ? { unordered: true } : {}),
      ...(request.pullRequest === undefined ? {} : { pullRequest: request.pullRequest }),
      ...(fork
        ? {
            error: anchorError(
              'forbidden',
              'It comes from a fork and waits for approval',
              `Read the change, then: anchor approve ${id}`,
              'Builds of forks run code of strangers; they get no secrets.',
            ),
          }
        : {}),
    };
    const supersedes =
      request.unordered === true
        ? []
        : earlier.filter((older) => forkSuffix(older) === forkSuffix(deployment) && CANCELABLE.includes(older.state));
    return ok({ deployment, supersedes, ...(fork ? {} : { job: jobOf(deployment, ports.clock.now()) }) });
  };

/** Reads the newest deployments of the branch in the environment, newest first by creation. */
export async function recentOfBranch(
  { deployments }: Pick<Ports, 'deployments'>,
  { project, environment, source }: Pick<DeploymentRequest, 'project' | 'environment' | 'source'>,
): Promise<readonly Deployment[]> {
  return source.branch === undefined
    ? []
    : (await deployments.list({ projectId: project.id, environment, branch: source.branch }, { limit: LOOK_BACK }))
        .items;
}

/** Returns the job that builds a deployment. Its key is the deployment's id, so that queuing it is idempotent. */
export const jobOf = (deployment: Deployment, now: number): Job => ({
  id: newId('job', now),
  lane: deployment.environment === PRODUCTION ? 'production' : 'preview',
  group: deployment.projectId,
  kind: 'deploy',
  payload: { deploymentId: deployment.id },
  dedupeKey: deployment.id,
  attempts: 0,
  notBefore: now,
  createdAt: now,
});

/**
 * Returns a suffix that separates a fork's pull request: it neither counts as our branch of the same name or commit nor
 * replaces it.
 */
export const forkSuffix = ({ pullRequest }: Pick<Deployment, 'pullRequest'>): string =>
  pullRequest?.fork === true ? `/pr-${pullRequest.number}` : '';

/**
 * Returns a suffix that separates a branch with variables of its own: it shares no deployment with branches whose
 * variables are different.
 */
async function branchSuffix(
  { variables }: Pick<Ports, 'variables'>,
  { project, environment, source: { branch }, pullRequest }: DeploymentRequest,
): Promise<string> {
  if (branch === undefined || environment === PRODUCTION || pullRequest?.fork === true) return '';
  return (await variables.list(project.id, environment)).some((variable) => variable.branch === branch)
    ? `/branch-${branch}`
    : '';
}

/**
 * Returns a creation time later than that of every earlier deployment, even if the clock stepped back, because "newer"
 * decides which one serves.
 */
const monotonicNow = (now: number, earlier: readonly Deployment[]): number =>
  earlier.reduce((time, deployment) => Math.max(time, headTime(deployment) + 1), now);

/**
 * Returns the newest deployment of an environment. Several branches may share an environment's host. Preview has none.
 */
async function latestInEnvironment(
  { deployments }: Pick<Ports, 'deployments'>,
  { project, environment }: DeploymentRequest,
): Promise<readonly Deployment[]> {
  return environment === PREVIEW
    ? []
    : (await deployments.list({ projectId: project.id, environment }, { limit: 1 })).items;
}

/** Returns the deployment whose commit became the branch's head last, as the listing knows it. */
export async function latestOfBranch(
  { deployments }: Pick<Ports, 'deployments'>,
  deployment: Deployment,
): Promise<Deployment | undefined> {
  const { branch } = deployment.source;
  if (branch === undefined) return undefined;
  const { items } = await deployments.list(
    { projectId: deployment.projectId, environment: deployment.environment, branch },
    { limit: LOOK_BACK },
  );
  return items
    .filter(
      (candidate) =>
        forkSuffix(candidate) === forkSuffix(deployment) &&
        (candidate.unordered !== true || candidate.id === deployment.id),
    )
    .sort((a, b) => headTime(b, branch) - headTime(a, branch))[0];
}
