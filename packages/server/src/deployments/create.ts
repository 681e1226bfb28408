import type { DeploymentInput } from '@anchor/client/schemas/deployment.ts';
import { environmentOfBranch } from '@anchor/core/deliveries/rules.ts';
import type { Deployment, DeploymentSource } from '@anchor/core/deployments/deployment.ts';
import { requestDeployment } from '@anchor/core/deployments/request.ts';
import { parseId } from '@anchor/core/names/id.ts';
import {
  parseBranchName,
  parseCommitSha,
  parseEnvironmentName,
  PRODUCTION,
  type BranchName,
  type CommitSha,
  type EnvironmentName,
} from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { commitOf } from './commit-of.ts';
import { newestOf } from './newest-of.ts';

/** How long a user waits for a git host to name a branch's newest commit. */
const HEAD_MS = 20_000;

type Wanted = Readonly<{
  source: DeploymentSource;
  environment: EnvironmentName;
  force: boolean;
  pullRequest?: Deployment['pullRequest'];
}>;

/**
 * Creates a deployment that a user requests: of a branch or commit, of an earlier deployment, or of an uploaded folder.
 */
export const createDeployment =
  (server: ServerContext) =>
  async (project: Project, input: DeploymentInput): Promise<Result<Deployment>> => {
    // A user is waiting for the result now; deployments of webhooks wait in the queue.
    const space = await server.ports.capacity.checkSpaceForBuild();
    if (!space.ok) return space;
    const wanted = await wantedOf(server, project, input);
    if (!wanted.ok) return wanted;
    const { source, environment, force, pullRequest } = wanted.value;
    const requested = await requestDeployment(server.ports)({
      project,
      environment,
      source,
      force,
      ...(pullRequest === undefined ? {} : { pullRequest }),
    });
    return requested.ok ? ok(requested.value.deployment) : requested;
  };

async function wantedOf(server: ServerContext, project: Project, input: DeploymentInput): Promise<Result<Wanted>> {
  switch (input.kind) {
    case 'git':
      return fromGit(server, project, input);
    case 'redeploy':
      return redeploy(server, project, input);
    case 'upload':
      return fromUpload(server, project, input);
  }
}

async function fromGit(
  server: ServerContext,
  project: Project,
  input: Extract<DeploymentInput, { kind: 'git' }>,
): Promise<Result<Wanted>> {
  const branch = input.branch === undefined ? ok(project.productionBranch) : parseBranchName(input.branch);
  if (!branch.ok) return branch;
  const commit =
    input.commit === undefined
      ? await server.ports.heads.head(project, { kind: 'branch', branch: branch.value }, HEAD_MS)
      : await commitOf(server, project, input.commit);
  if (!commit.ok) return commit;
  const environment = named(input.environment, environmentOfBranch(project, branch.value));
  if (!environment.ok) return environment;
  const about = await describe(server, project, branch.value, commit.value);
  return about.ok ? ok({ source: about.value, environment: environment.value, force: input.force === true }) : about;
}

/**
 * Returns what the platform's own repository knows of a commit. An unknown commit is refused now rather than in the
 * build.
 */
async function describe(
  { ports }: ServerContext,
  project: Project,
  branch: BranchName,
  commit: CommitSha,
): Promise<Result<DeploymentSource>> {
  if (project.source.kind !== 'hosted') return ok({ kind: 'git', commit, branch });
  const about = await ports.repositories.commit(project.id, commit);
  if (about === undefined)
    return fail('not_found', `The repository has no commit ${commit}`, 'Push it first: git push anchor');
  return ok({ kind: 'git', commit, branch, message: about.message.slice(0, 1024), author: about.author.slice(0, 256) });
}

async function redeploy(
  { ports }: ServerContext,
  project: Project,
  input: Extract<DeploymentInput, { kind: 'redeploy' }>,
): Promise<Result<Wanted>> {
  if (input.deployment === undefined) return againNewest(ports, project, input);
  const id = parseId('dpl', input.deployment);
  const earlier = id === undefined ? undefined : await ports.deployments.get(id);
  if (earlier === undefined || earlier.projectId !== project.id)
    return fail('not_found', 'There is no such deployment in this project', 'List them with: anchor deployments list');
  const environment = named(input.environment, earlier.environment);
  if (!environment.ok) return environment;
  // A fork's commit stays untrusted: only as the preview that it was, and held again.
  if (earlier.pullRequest?.fork === true && environment.value !== earlier.environment)
    return fail(
      'forbidden',
      'A deployment of a fork cannot go to another environment',
      'Merge the pull request; the merge deploys.',
    );
  return ok({
    source: earlier.source,
    environment: environment.value,
    force: true,
    ...(earlier.pullRequest === undefined ? {} : { pullRequest: earlier.pullRequest }),
  });
}

/**
 * Returns the newest source of an environment, of one of its branches if that is named. Deployments of forks are
 * excluded.
 */
async function againNewest(
  ports: ServerContext['ports'],
  project: Project,
  input: Readonly<{ environment?: string | undefined; branch?: string | undefined }>,
): Promise<Result<Wanted>> {
  const branch = input.branch === undefined ? undefined : parseBranchName(input.branch);
  if (branch?.ok === false) return branch;
  const environment = named(
    input.environment,
    branch === undefined ? PRODUCTION : environmentOfBranch(project, branch.value),
  );
  if (!environment.ok) return environment;
  const newest = await newestOf(ports.deployments, project.id, environment.value, branch?.value);
  if (newest === undefined)
    return fail(
      'not_found',
      `${environment.value} of ${project.name} has no deployment to build again`,
      `Make one: ${project.source.kind === 'hosted' ? 'git push anchor' : 'anchor deploy --branch <branch>'}.`,
    );
  return ok({
    source: newest.source,
    environment: environment.value,
    force: true,
    ...(newest.pullRequest === undefined ? {} : { pullRequest: newest.pullRequest }),
  });
}

async function fromUpload(
  { ports }: ServerContext,
  project: Project,
  input: Extract<DeploymentInput, { kind: 'upload' }>,
): Promise<Result<Wanted>> {
  if (
    !(await ports.uploads.hasUpload(project.id, input.blob, ports.clock.now())) ||
    !(await ports.blobs.has(input.blob))
  )
    return fail(
      'not_found',
      'This project has no upload with this hash',
      'Upload the folder first: POST /api/projects/{project}/uploads.',
    );
  const environment = named(input.environment, PRODUCTION);
  const branch = input.branch === undefined ? undefined : parseBranchName(input.branch);
  const commit = input.commit === undefined ? undefined : parseCommitSha(input.commit);
  if (!environment.ok) return environment;
  if (branch?.ok === false) return branch;
  if (commit?.ok === false) return commit;
  const source: DeploymentSource = {
    kind: 'upload',
    blob: input.blob,
    ...(branch === undefined ? {} : { branch: branch.value }),
    ...(commit === undefined ? {} : { commit: commit.value }),
    ...(input.message === undefined ? {} : { message: input.message }),
  };
  // A folder may differ from the commit it names, so it is always built.
  return ok({ source, environment: environment.value, force: true });
}

const named = (text: string | undefined, otherwise: EnvironmentName): Result<EnvironmentName> =>
  text === undefined ? ok(otherwise) : parseEnvironmentName(text);
