import type * as contract from './contract.ts';
import type { Alias } from '@anchor/core/aliases/alias.ts';
import type { AuditEntry } from '@anchor/core/audit/audit-entry.ts';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import { teamOf } from '@anchor/core/people/team.ts';
import type { Project } from '@anchor/core/projects/project.ts';
import type { DeadJob } from '@anchor/core/queue/job.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import type { Site } from '@anchor/core/ports/ports.ts';
import { environmentHost } from '@anchor/core/aliases/host.ts';
import { PRODUCTION } from '@anchor/core/names/name.ts';

// The API's form of each domain object. Fields are named one by one, so that a new one is not exposed by accident.

/** Removes `undefined` fields, which JSON would drop anyway. */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export const projectView = (project: Project, site: Site, publicUrl: string): contract.Project => ({
  id: project.id,
  name: project.name,
  teamId: teamOf(project),
  source: project.source,
  productionBranch: project.productionBranch,
  branchRules: [...project.branchRules],
  build: {
    ...project.build,
    ...(project.build.paths === undefined ? { paths: undefined } : { paths: [...project.build.paths] }),
  },
  health: {
    path: project.health.path,
    status: project.health.status === undefined ? undefined : [...project.health.status],
    timeoutSeconds: project.health.timeoutSeconds,
  },
  functions: project.functions,
  status: project.status,
  url: site.urlOf(environmentHost(project.name, PRODUCTION, site.domain)),
  gitUrl: `${publicUrl}/git/${project.name}.git`,
  webhooks: {
    github: `${publicUrl}/webhooks/github/${project.id}`,
    gitlab: `${publicUrl}/webhooks/gitlab/${project.id}`,
    gitea: `${publicUrl}/webhooks/gitea/${project.id}`,
  },
  createdAt: project.createdAt,
  updatedAt: project.updatedAt,
  version: project.version,
});

/** Returns a deployment for the API. `aliases`: those of the project. */
export const deploymentView = (deployment: Deployment, aliases: readonly Alias[], site: Site): contract.Deployment => ({
  id: deployment.id,
  projectId: deployment.projectId,
  environment: deployment.environment,
  status: deployment.state,
  source: deployment.source,
  url: site.urlOf(deployment.host),
  liveAt: aliases
    .filter((alias) => alias.deploymentId === deployment.id && alias.kind !== 'deployment')
    .map((alias) => site.urlOf(alias.host)),
  error: deployment.error,
  deliveryId: deployment.deliveryId,
  pullRequest: deployment.pullRequest,
  trusted: deployment.trusted,
  steps: [...deployment.steps],
  attempt: deployment.attempt,
  notPromoted: deployment.notPromoted,
  artifactRemovedAt: deployment.artifactRemovedAt,
  createdAt: deployment.createdAt,
  buildStartedAt: deployment.buildStartedAt,
  buildEndedAt: deployment.buildEndedAt,
  deployStartedAt: deployment.deployStartedAt,
  deployEndedAt: deployment.deployEndedAt,
  updatedAt: deployment.updatedAt,
});

export const aliasView = (alias: Alias, site: Site): contract.Alias => ({
  host: alias.host,
  url: site.urlOf(alias.host),
  projectId: alias.projectId,
  deploymentId: alias.deploymentId,
  kind: alias.kind,
  target: alias.target,
  pinned: alias.pinned,
  earlier: [...alias.history],
  revision: alias.revision,
  updatedAt: alias.updatedAt,
});

export const deliveryView = (delivery: Delivery): contract.Delivery => ({
  id: delivery.id,
  projectId: delivery.projectId,
  source: delivery.source,
  externalId: delivery.senderId ?? delivery.externalId,
  event: delivery.event,
  state: delivery.state,
  reason: delivery.reason,
  deploymentIds: [...delivery.deploymentIds],
  receivedAt: delivery.receivedAt,
});

export const tokenView = (token: Token): contract.Token => ({
  id: token.id,
  name: token.name,
  scope: token.scope,
  projectId: token.projectId,
  teamId: token.teamId,
  expiresAt: token.expiresAt,
  lastUsedAt: token.lastUsedAt,
  createdAt: token.createdAt,
});

export const auditEntryView = (entry: AuditEntry): contract.AuditEntry => ({
  id: entry.id,
  at: entry.at,
  actor: entry.actor,
  action: entry.action,
  target: { ...entry.target },
  projectId: entry.projectId,
  teamId: entry.teamId,
  outcome: entry.outcome,
  code: entry.code,
  before: entry.before,
  after: entry.after,
  address: entry.address,
  userAgent: entry.userAgent,
  requestId: entry.requestId,
});

export const deadLetterView = (job: DeadJob): contract.DeadLetter => ({
  id: job.id,
  kind: job.kind,
  lane: job.lane,
  group: job.group,
  payload: { ...job.payload },
  attempts: job.attempts,
  reason: job.reason,
  createdAt: job.createdAt,
  diedAt: job.diedAt,
});

export const pageView = <T, U>(
  page: Readonly<{ items: readonly T[]; cursor?: string }>,
  view: (item: T) => U,
): { items: U[]; cursor?: string } => ({
  items: page.items.map(view),
  ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
});
