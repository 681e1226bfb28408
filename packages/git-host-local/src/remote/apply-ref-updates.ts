import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { parseBranchName, parseCommitSha, type BranchName } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import { commitBefore } from '@anchor/server/webhooks/parsing.ts';
import type { RefUpdate } from '../protocol/receive-pack-commands.ts';
import type { GitRemoteContext } from './context.ts';

/** The outcome of one pushed branch: a deployment to follow, or messages for the pusher. */
export type RefOutcome = Readonly<{
  branch: string;
  commit?: string;
  deployment?: Deployment;
  messages?: readonly string[];
}>;

/** A push of very many branches (a mirror) builds these many, production first. */
const MAX_BRANCHES = 10;
/** Deletions build nothing, but each looks through the project's previews. */
const MAX_DELETED = 500;

/**
 * Stores deliveries for the ref updates that git has applied, before the response. Updates that the repository does not
 * confirm are ignored. `pushId` makes this idempotent.
 */
export async function applyRefUpdates(
  server: GitRemoteContext,
  project: Project,
  updates: readonly RefUpdate[],
  pushId: string,
): Promise<readonly RefOutcome[]> {
  const production = `refs/heads/${project.productionBranch}`;
  const branches = updates
    .filter(({ ref }) => ref.startsWith('refs/heads/'))
    .sort((a, b) => Number(b.ref === production) - Number(a.ref === production));
  const outcomes: RefOutcome[] = [];
  const [moved, deleted] = [
    branches.filter(({ after }) => after !== undefined),
    branches.filter(({ after }) => after === undefined),
  ];
  for (const update of [...moved.slice(0, MAX_BRANCHES), ...deleted.slice(0, MAX_DELETED)]) {
    const outcome = await applyRefUpdate(server, project, update, pushId);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  const rest = moved.length - MAX_BRANCHES;
  if (rest > 0)
    outcomes.push({
      branch: '…',
      messages: [`${rest} more branches were stored but not deployed; deploy one with: anchor deploy --branch <name>`],
    });
  const remaining = deleted.length - MAX_DELETED;
  if (remaining > 0)
    outcomes.push({
      branch: '…',
      messages: [`${remaining} more branches are gone, and their previews stay until retention removes them`],
    });
  return outcomes;
}

async function applyRefUpdate(
  server: GitRemoteContext,
  project: Project,
  update: RefUpdate,
  pushId: string,
): Promise<RefOutcome | undefined> {
  const name = update.ref.slice('refs/heads/'.length);
  const branch = parseBranchName(name);
  if (!branch.ok) return { branch: name, messages: [branch.error.message, branch.error.fix] };
  const push = await eventOf(server, project, branch.value, update);
  if (push === undefined) return undefined;
  const accepted = await acceptPush(server.ports)({
    projectId: project.id,
    source: 'git',
    externalId: `${pushId}:${update.ref}`,
    event: 'push',
    headers: {},
    push,
    body: JSON.stringify({ ref: update.ref, before: update.before ?? null, after: update.after ?? null }),
  });
  if (!accepted.ok) return { branch: name, messages: [`Not deployed: ${accepted.error.message}`, accepted.error.fix] };
  const { delivery, deploymentIds } = accepted.value;
  const [id] = deploymentIds;
  const deployment = id === undefined ? undefined : await server.ports.deployments.get(id);
  const commit = update.after === undefined ? {} : { commit: update.after };
  if (deployment !== undefined) return { branch: name, ...commit, deployment };
  if (push.kind === 'branch_deleted')
    return { branch: name, messages: [`Branch ${name} is gone, and its preview with it.`] };
  return { branch: name, ...commit, messages: [`Not deployed: ${delivery.reason ?? 'there is nothing to do'}.`] };
}

/** Returns the event of an update, if the repository confirms it. */
async function eventOf(
  { ports }: GitRemoteContext,
  project: Project,
  branch: BranchName,
  update: RefUpdate,
): Promise<PushEvent | undefined> {
  const head = await ports.repositories.branchHead(project.id, branch);
  if (update.after === undefined) return head === undefined ? { kind: 'branch_deleted', branch } : undefined;
  const commit = parseCommitSha(update.after);
  if (!commit.ok || head !== commit.value) return undefined;
  const about = await ports.repositories.commit(project.id, commit.value);
  const before = parseCommitSha(update.before ?? '');
  const filtered = project.build.paths !== undefined && project.build.paths.length > 0 && before.ok;
  const changedFiles = filtered
    ? await ports.repositories.changedFiles(project.id, before.value, commit.value)
    : undefined;
  return {
    kind: 'push',
    branch,
    commit: commit.value,
    ...commitBefore(update.before),
    ...(about === undefined ? {} : { message: about.message.slice(0, 1_024), author: about.author.slice(0, 256) }),
    ...(changedFiles === undefined ? {} : { changedFiles }),
  };
}
