import type { Alias } from '../aliases/alias.ts';
import { PREVIEW, type BranchName } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { anchorError } from '../result/result.ts';
import { cancelDeployment } from './cancel.ts';
import { DEPLOYMENT_STATES, isFinal, type Deployment } from './deployment.ts';
import { openBranches } from './targets.ts';
import { updateDeployment } from './update.ts';

type ClosePorts = Pick<Ports, 'aliases' | 'deployments' | 'queue' | 'clock'>;
/** The hosts and deployments that a closed branch or pull request removes. */
type Closed = Readonly<{
  branch: BranchName;
  alias: (alias: Alias) => boolean;
  deployment: (deployment: Deployment) => boolean;
}>;

const UNFINISHED = DEPLOYMENT_STATES.filter((state) => !isFinal(state));

const ofFork = (deployment: Deployment): boolean => deployment.pullRequest?.fork === true;

/** A branch was deleted: its previews go offline. What production points at stays, whatever branch it came from. */
export const closeBranch =
  (ports: ClosePorts) =>
  (project: Project, branch: BranchName): Promise<void> =>
    close(ports, project, {
      branch,
      alias: (alias) => alias.kind === 'branch' && alias.target === branch,
      deployment: (deployment) => !ofFork(deployment),
    });

/**
 * A pull request was closed. Unless it came from a fork, whose branch only shares the name, its branch preview goes
 * too.
 */
export const closePullRequest =
  (ports: ClosePorts) =>
  (project: Project, number: number, branch: BranchName, fork: boolean): Promise<void> => {
    const whole = !fork && branch !== project.productionBranch;
    return close(ports, project, {
      branch,
      alias: (alias) =>
        (alias.kind === 'pull_request' && alias.target === String(number)) ||
        (whole && alias.kind === 'branch' && alias.target === branch),
      deployment: (deployment) =>
        fork ? ofFork(deployment) && deployment.pullRequest?.number === number : whole && !ofFork(deployment),
    });
  };

/** Cancels the builds, removes the hosts, and closes the immutable hosts of deployments that nothing else points at. */
async function close(ports: ClosePorts, project: Project, closed: Closed): Promise<void> {
  const deployments: Deployment[] = [];
  for await (const deployment of previewsOf(ports, project, closed.branch))
    if (closed.deployment(deployment)) deployments.push(deployment);
  // First, so that one that is being switched to either has its hosts already or learns that it keeps none.
  for (const deployment of await ports.deployments.inStates(UNFINISHED)) {
    if (
      deployment.projectId === project.id &&
      deployment.environment === PREVIEW &&
      closed.deployment(deployment) &&
      openBranches(deployment).includes(closed.branch)
    )
      await leave(ports, deployment, closed.branch);
  }
  for (const alias of await ports.aliases.listByProject(project.id))
    if (closed.alias(alias)) await ports.aliases.remove(alias.host);
  const needed = new Set(
    (await ports.aliases.listByProject(project.id))
      .filter((alias) => alias.kind !== 'deployment')
      .map((alias) => alias.deploymentId),
  );
  for (const deployment of deployments) if (!needed.has(deployment.id)) await ports.aliases.remove(deployment.host);
}

/** Removes the branch from a deployment that other branches share. The deployment ends with the last one. */
async function leave(ports: ClosePorts, { id }: Deployment, branch: BranchName): Promise<void> {
  const left = await updateDeployment(ports)(id, (current) =>
    openBranches(current).includes(branch)
      ? { closedBranches: [...(current.closedBranches ?? []), branch] }
      : undefined,
  );
  if (left.ok && openBranches(left.value).length === 0) await stop(ports, left.value);
}

/** Stops a deployment. A switch is never interrupted: it ends without its preview hosts. */
async function stop(ports: ClosePorts, { id }: Deployment): Promise<void> {
  const canceled = await cancelDeployment(ports)(
    id,
    anchorError('canceled', 'Its branch or pull request was closed', 'Nothing to do; a new push to it deploys again.'),
  );
  if (!canceled.ok)
    await updateDeployment(ports)(id, (current) => (current.state === 'deploying' ? { closed: true } : undefined));
}

async function* previewsOf(ports: ClosePorts, project: Project, branch: BranchName): AsyncIterable<Deployment> {
  let cursor: string | undefined;
  do {
    const page = await ports.deployments.list(
      { projectId: project.id, environment: PREVIEW, branch },
      { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
    );
    yield* page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Removes the hosts of branches that were closed while the deployment was switched to, but that it still received. */
export async function withdrawBranches(
  ports: Pick<Ports, 'aliases'>,
  { id, projectId, closedBranches = [] }: Deployment,
): Promise<void> {
  if (closedBranches.length === 0) return;
  for (const alias of await ports.aliases.listByProject(projectId)) {
    if (
      alias.deploymentId === id &&
      alias.kind === 'branch' &&
      closedBranches.some((branch) => branch === alias.target)
    )
      await ports.aliases.remove(alias.host);
  }
}

/** Removes what a deployment that was closed during its switch must not keep. */
export async function withdrawPreview(ports: Pick<Ports, 'aliases'>, deployment: Deployment): Promise<void> {
  const aliases = (await ports.aliases.listByProject(deployment.projectId)).filter(
    (alias) => alias.deploymentId === deployment.id,
  );
  for (const alias of aliases)
    if (alias.kind === 'branch' || alias.kind === 'pull_request') await ports.aliases.remove(alias.host);
  if (!aliases.some((alias) => alias.kind === 'environment')) await ports.aliases.remove(deployment.host);
}
