import { deploymentHost } from '../aliases/host.ts';
import { newId, type DeliveryId } from '../names/id.ts';
import { PREVIEW, PRODUCTION, type EnvironmentName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import type { Job } from '../queue/job.ts';
import { anchorError, fail, ok, type Result } from '../result/result.ts';
import type { Deployment, DeploymentSource } from './deployment.ts';

export type DeploymentRequest = Readonly<{
  project: Project;
  environment: EnvironmentName;
  source: DeploymentSource;
  deliveryId?: DeliveryId;
  pullRequest?: Readonly<{ number: number; fork: boolean }>;
  /** Builds again although the same commit was deployed to this environment before. */
  force?: boolean;
}>;

/** A deployment that nobody knows yet, the job that builds it (none while it is held), and the unfinished ones of its branch whose place it takes. */
export type Draft = Readonly<{ deployment: Deployment; job?: Job; supersedes: readonly Deployment[] }>;

/** How many of a branch's newest deployments a push looks at; what waits beyond them finds out by itself when its turn comes. */
const LOOK_BACK = 20;
const CANCELABLE: readonly Deployment['state'][] = ['held', 'queued', 'building'];

/** Decides what a request makes, and writes nothing. Fork pull requests are held until a person approves. */
export const draftDeployment =
  (ports: Pick<Ports, 'deployments' | 'clock' | 'site'>) =>
  async (request: DeploymentRequest): Promise<Result<Draft>> => {
    const { project, source, environment } = request;
    if (project.status === 'paused') return fail('not_ready', `The project ${project.name} is paused`, 'Set its status to active first.');
    const earlier = source.branch === undefined ? [] : (await ports.deployments.list({ projectId: project.id, environment, branch: source.branch }, { limit: LOOK_BACK })).items;
    const now = later(ports.clock.now(), [...earlier, ...(await newestOfStage(ports, request))]);
    const id = newId('dpl', now);
    const dedupeKey = request.force === true || source.commit === undefined ? id : `${project.id}/${environment}/${source.commit}${forkMark(request)}`;
    const fork = request.pullRequest?.fork === true;
    const deployment: Deployment = {
      id, projectId: project.id, environment, source, dedupeKey, state: fork ? 'held' : 'queued',
      trusted: !fork, host: deploymentHost(project.name, id, ports.site.domain), steps: [], attempt: 0, createdAt: now, updatedAt: now, version: 1,
      ...(request.deliveryId === undefined ? {} : { deliveryId: request.deliveryId }),
      ...(request.pullRequest === undefined ? {} : { pullRequest: request.pullRequest }),
      ...(fork ? { error: anchorError('forbidden', 'It comes from a fork and waits for approval', `Read the change, then: anchor approve ${id}`, 'Builds of forks run code of strangers; they get no secrets.') } : {}),
    };
    const supersedes = earlier.filter((older) => forkMark(older) === forkMark(deployment) && CANCELABLE.includes(older.state));
    return ok({ deployment, supersedes, ...(fork ? {} : { job: jobOf(deployment, ports.clock.now()) }) });
  };

/** The job that builds a deployment. Its key is the deployment's id, so that queuing it twice is queuing it once. */
export const jobOf = (deployment: Deployment, now: number): Job => ({
  id: newId('job', now), lane: deployment.environment === PRODUCTION ? 'production' : 'preview', group: deployment.projectId, kind: 'deploy',
  payload: { deploymentId: deployment.id }, dedupeKey: deployment.id, attempts: 0, notBefore: now, createdAt: now,
});

/** A fork's pull request is a line of its own: it neither stands for our branch of the same name or commit nor takes its place. */
export const forkMark = ({ pullRequest }: Pick<Deployment, 'pullRequest'>): string => (pullRequest?.fork === true ? `/pr-${pullRequest.number}` : '');

/** The clock may have stepped back; what comes later is later all the same, because "newer" decides who serves. */
const later = (now: number, earlier: readonly Deployment[]): number => earlier.reduce((time, { createdAt }) => Math.max(time, createdAt + 1), now);

/** Several branches may share an environment's host. Preview has none. */
async function newestOfStage({ deployments }: Pick<Ports, 'deployments'>, { project, environment }: DeploymentRequest): Promise<readonly Deployment[]> {
  return environment === PREVIEW ? [] : (await deployments.list({ projectId: project.id, environment }, { limit: 1 })).items;
}

/** The branch's newest deployment of the same line, as the listing knows it. */
export async function newestOf({ deployments }: Pick<Ports, 'deployments'>, deployment: Deployment): Promise<Deployment | undefined> {
  const { branch } = deployment.source;
  if (branch === undefined) return undefined;
  const { items } = await deployments.list({ projectId: deployment.projectId, environment: deployment.environment, branch }, { limit: LOOK_BACK });
  return items.find((candidate) => forkMark(candidate) === forkMark(deployment));
}
