import { acceptPush } from '@anchor/core/deliveries/accept-push.ts';
import type { PushEvent } from '@anchor/core/deliveries/push-event.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { parseBranchName, parseCommitSha, type BranchName } from '@anchor/core/names/name.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { ServerContext } from '../context.ts';
import type { RefUpdate } from './commands.ts';
import { changedBetween } from './process.ts';

/** What became of one pushed branch: a deployment to follow, or words for the pusher. */
export type Outcome = Readonly<{ branch: string; commit?: string; deployment?: Deployment; said?: readonly string[] }>;

/** A push of very many branches (a mirror) builds these many, production first. */
const MAX_BRANCHES = 10;

/** Turns the ref updates that git has carried out into deliveries, before the pusher is answered. What the repository does not confirm did not happen. `pushId` makes their deliveries: acting on the same push twice is acting once. */
export async function acceptUpdates(server: ServerContext, project: Project, repository: string, updates: readonly RefUpdate[], pushId: string): Promise<readonly Outcome[]> {
  const production = `refs/heads/${project.productionBranch}`;
  const branches = updates.filter(({ ref }) => ref.startsWith('refs/heads/')).sort((a, b) => Number(b.ref === production) - Number(a.ref === production));
  const outcomes: Outcome[] = [];
  for (const update of branches.slice(0, MAX_BRANCHES)) {
    const outcome = await acceptUpdate(server, project, repository, update, pushId);
    if (outcome !== undefined) outcomes.push(outcome);
  }
  const rest = branches.length - MAX_BRANCHES;
  if (rest > 0) outcomes.push({ branch: '…', said: [`${rest} more branches were stored but not deployed; deploy one with: anchor deploy --branch <name>`] });
  return outcomes;
}

async function acceptUpdate(server: ServerContext, project: Project, repository: string, update: RefUpdate, pushId: string): Promise<Outcome | undefined> {
  const name = update.ref.slice('refs/heads/'.length);
  const branch = parseBranchName(name);
  if (!branch.ok) return { branch: name, said: [branch.error.message, branch.error.fix] };
  const push = await eventOf(server, project, repository, branch.value, update);
  if (push === undefined) return undefined;
  const accepted = await acceptPush(server.ports)({
    projectId: project.id, source: 'git', externalId: `${pushId}:${update.ref}`, event: 'push', headers: {}, push, body: JSON.stringify({ ref: update.ref, before: update.before ?? null, after: update.after ?? null }),
  });
  if (!accepted.ok) return { branch: name, said: [`Not deployed: ${accepted.error.message}`, accepted.error.fix] };
  const { delivery, deploymentIds } = accepted.value;
  const [id] = deploymentIds;
  const deployment = id === undefined ? undefined : await server.ports.deployments.get(id);
  const commit = update.after === undefined ? {} : { commit: update.after };
  if (deployment !== undefined) return { branch: name, ...commit, deployment };
  if (push.kind === 'branch_deleted') return { branch: name, said: [`Branch ${name} is gone, and its preview with it.`] };
  return { branch: name, ...commit, said: [`Not deployed: ${delivery.reason ?? 'there is nothing to do'}.`] };
}

/** The event of an update, if the repository confirms it. */
async function eventOf({ ports }: ServerContext, project: Project, repository: string, branch: BranchName, update: RefUpdate): Promise<PushEvent | undefined> {
  const head = await ports.repositories.branchHead(project.id, branch);
  if (update.after === undefined) return head === undefined ? { kind: 'branch_deleted', branch } : undefined;
  const commit = parseCommitSha(update.after);
  if (!commit.ok || head !== commit.value) return undefined;
  const about = await ports.repositories.commit(project.id, commit.value);
  const filtered = project.build.paths !== undefined && project.build.paths.length > 0 && update.before !== undefined;
  const changedFiles = filtered && update.before !== undefined ? await changedBetween(repository, update.before, commit.value) : undefined;
  return {
    kind: 'push', branch, commit: commit.value,
    ...(about === undefined ? {} : { message: about.message.slice(0, 1_024), author: about.author.slice(0, 256) }),
    ...(changedFiles === undefined ? {} : { changedFiles }),
  };
}
