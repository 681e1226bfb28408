import { closeBranch, closePullRequest } from '../deployments/close-preview.ts';
import { recentOfBranch, type DeploymentRequest } from '../deployments/plan-deployment.ts';
import { PREVIEW } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import type { Project } from '../projects/project.ts';
import { LOOKUP_MS, orderOf } from './order.ts';
import type { PushEvent } from './push-event.ts';
import { hasSkipMarker, environmentOfBranch, affectsProject } from './rules.ts';

export type Ordered = Readonly<{ kind: 'ignored'; reason: string } | { kind: 'deploy'; request: DeploymentRequest }>;

/** Decides what a push leads to by its place in the branch's history: the commit itself, a newer head, or nothing. */
export async function ordering(
  ports: Pick<Ports, 'deployments' | 'heads'>,
  request: DeploymentRequest,
): Promise<Ordered> {
  const earlier = await recentOfBranch(ports, request);
  const deploy = (more: Partial<DeploymentRequest>): Ordered => ({
    kind: 'deploy',
    request: { ...request, earlier, ...more },
  });
  if (request.force === true) return deploy({});
  const order = await orderOf(ports)(request, earlier);
  switch (order.kind) {
    case 'same':
      return deploy({});
    case 'head':
      return deploy({ atHead: true });
    case 'unknown':
      return deploy({ unordered: true });
    case 'late':
      return {
        kind: 'ignored',
        reason: `${request.source.branch ?? 'the branch'} is at ${order.head.slice(0, 7)} already; this push is older`,
      };
    case 'moved':
      return request.source.branch === undefined
        ? deploy({ unordered: true })
        : deploy({ atHead: true, source: { kind: 'git', commit: order.head, branch: request.source.branch } });
  }
}

type ClosePorts = Pick<Ports, 'aliases' | 'deployments' | 'queue' | 'clock' | 'heads'>;

export type Decision =
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'ignored'; reason: string }>
  /** `close` returns why nothing was closed, if so. */
  | Readonly<{ kind: 'close'; close: (ports: ClosePorts) => Promise<string | undefined> }>
  | Readonly<{ kind: 'deploy'; request: DeploymentRequest }>;

/** Decides what a push leads to, by the rules of the project. */
export function decide(project: Project, push: PushEvent): Decision {
  switch (push.kind) {
    case 'ping':
      return { kind: 'nothing' };
    case 'ignored':
      return { kind: 'ignored', reason: push.reason };
    case 'branch_deleted':
      return { kind: 'close', close: (ports) => closeUnlessBack(ports, project, push) };
    case 'push': {
      if (hasSkipMarker(push.message)) return { kind: 'ignored', reason: 'the commit message has a skip marker' };
      if (!affectsProject(project, push.changedFiles))
        return {
          kind: 'ignored',
          reason: `it changes none of the watched paths (${(project.build.paths ?? []).join(', ').slice(0, 200)})`,
        };
      const { branch, commit, before, message, author } = push;
      const source = {
        kind: 'git',
        commit,
        branch,
        ...(before === undefined ? {} : { before }),
        ...(message === undefined ? {} : { message }),
        ...(author === undefined ? {} : { author }),
      } as const;
      return { kind: 'deploy', request: { project, environment: environmentOfBranch(project, branch), source } };
    }
    case 'pull_request': {
      const { branch, number, fork } = push;
      if (push.action === 'closed')
        return {
          kind: 'close',
          close: (ports) => closePullRequest(ports)(project, number, branch, fork).then(() => undefined),
        };
      const { commit, before, title, author } = push;
      const source = {
        kind: 'git',
        commit,
        branch,
        ...(before === undefined ? {} : { before }),
        ...(title === undefined ? {} : { message: title }),
        ...(author === undefined ? {} : { author }),
      } as const;
      // A fork's branch may be called `main`: it is a preview whatever its name.
      return { kind: 'deploy', request: { project, environment: PREVIEW, source, pullRequest: { number, fork } } };
    }
  }
}

/**
 * Closes the previews of a deleted branch unless the branch exists again. A git host may deliver late, when the branch
 * was pushed again and its previews serve. If its head is still the deleted one, the host's replica lags.
 */
async function closeUnlessBack(
  ports: ClosePorts,
  project: Project,
  { branch, before }: Extract<PushEvent, { kind: 'branch_deleted' }>,
): Promise<string | undefined> {
  const head =
    project.source.kind === 'git' ? await ports.heads.head(project, { kind: 'branch', branch }, LOOKUP_MS) : undefined;
  if (head?.ok === true && head.value !== before)
    return `${branch} exists at ${head.value.slice(0, 7)}; this deletion is older`;
  await closeBranch(ports)(project, branch);
  return undefined;
}
