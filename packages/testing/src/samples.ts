import type { Alias } from '@anchor/core/aliases/alias.ts';
import type { AuditEntry } from '@anchor/core/audit/audit-entry.ts';
import type { Delivery } from '@anchor/core/deliveries/delivery.ts';
import type { Deployment } from '@anchor/core/deployments/deployment.ts';
import type { Domain } from '@anchor/core/domains/domain.ts';
import type { Variable } from '@anchor/core/environments/variable.ts';
import { newId } from '@anchor/core/names/id.ts';
import {
  parseBranchName,
  parseCommitSha,
  parseHostName,
  parseProjectName,
  parseVariableName,
  PRODUCTION,
  type DomainName,
} from '@anchor/core/names/name.ts';
import { DEFAULT_FUNCTIONS, DEFAULT_HEALTH, type Project } from '@anchor/core/projects/project.ts';
import type { Invitation } from '@anchor/core/people/invitation.ts';
import { parseEmail, type Person } from '@anchor/core/people/person.ts';
import type { Team } from '@anchor/core/people/team.ts';
import type { Session } from '@anchor/core/sessions/session.ts';
import type { Job } from '@anchor/core/queue/job.ts';
import type { Result } from '@anchor/core/result/result.ts';
import type { Token } from '@anchor/core/tokens/token.ts';

/**
 * Valid items for tests, each call another one; `over` sets what the test is about. Times grow by a second per call.
 */
let count = 0;
const next = (): { n: number; at: number } => {
  count += 1;
  return { n: count, at: Date.UTC(2030, 0, 1) + count * 1000 };
};

/** Returns the value of a result that a test knows to be good. */
export function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
}

export const host = (name: string) => must(parseHostName(name));
export const sha256 = (n: number): string => n.toString(16).padStart(64, '0');

export function sampleProject(over: Partial<Project> = {}): Project {
  const { n, at } = next();
  return {
    id: newId('prj', at),
    name: must(parseProjectName(`project-${n}`)),
    source: { kind: 'hosted' },
    productionBranch: must(parseBranchName('main')),
    branchRules: [],
    build: {},
    health: DEFAULT_HEALTH,
    functions: DEFAULT_FUNCTIONS,
    webhookSecret: 'sealed',
    deployHookHash: sha256(n),
    actionsKey: 'sealed',
    status: 'active',
    createdAt: at,
    updatedAt: at,
    version: 1,
    ...over,
  };
}

export function sampleDeployment(over: Partial<Deployment> = {}): Deployment {
  const { n, at } = next();
  const commit = must(parseCommitSha(n.toString(16).padStart(40, '0')));
  return {
    id: newId('dpl', at),
    projectId: newId('prj', at),
    environment: PRODUCTION,
    source: { kind: 'git', commit, branch: must(parseBranchName('main')), message: 'ünïcode 🚀 "quotes" \n and lines' },
    dedupeKey: `key-${n}`,
    state: 'queued',
    trusted: true,
    host: host(`site-${n}.localhost`),
    steps: [],
    attempt: 0,
    createdAt: at,
    updatedAt: at,
    version: 1,
    ...over,
  };
}

export function sampleDelivery(over: Partial<Delivery> = {}): Delivery {
  const { n, at } = next();
  return {
    id: newId('dlv', at),
    projectId: newId('prj', at),
    source: 'github',
    externalId: `external-${n}`,
    event: 'push',
    headers: { 'x-github-event': 'push' },
    body: '{"a":"\\u0000 ünï 🚀"}',
    state: 'received',
    deploymentIds: [],
    receivedAt: at,
    version: 1,
    ...over,
  };
}

export function sampleVariable(over: Partial<Variable> = {}): Variable {
  const { n, at } = next();
  return {
    id: newId('var', at),
    projectId: newId('prj', at),
    environment: PRODUCTION,
    name: must(parseVariableName(`NAME_${n}`)),
    sealed: 'sealed # $ "',
    secret: true,
    scope: 'both',
    updatedAt: at,
    version: 1,
    ...over,
  };
}

export function sampleToken(over: Partial<Token> = {}): Token {
  const { n, at } = next();
  return {
    id: newId('tok', at),
    name: `token ${n}`,
    hash: sha256(n),
    scope: 'admin',
    createdAt: at,
    version: 1,
    ...over,
  };
}

export function samplePerson(over: Partial<Person> = {}): Person {
  const { n, at } = next();
  return {
    id: newId('per', at),
    email: must(parseEmail(`person-${n}@example.com`)),
    name: `Ünï ${n}`,
    teams: [],
    createdAt: at,
    version: 1,
    ...over,
  };
}

export function sampleTeam(over: Partial<Team> = {}): Team {
  const { n, at } = next();
  return { id: newId('tem', at), name: `team ${n}`, members: [], createdAt: at, version: 1, ...over };
}

export function sampleInvitation(over: Partial<Invitation> = {}): Invitation {
  const { n, at } = next();
  return {
    id: newId('inv', at),
    teamId: newId('tem', at),
    hash: sha256(n),
    grant: { role: 'viewer', projects: {} },
    expiresAt: at + 1_000,
    createdAt: at,
    version: 1,
    ...over,
  };
}

export function sampleSession(over: Partial<Session> = {}): Session {
  const { n, at } = next();
  return {
    id: newId('ses', at),
    personId: newId('per', at),
    kind: 'browser',
    hash: sha256(n),
    createdAt: at,
    lastUsedAt: at,
    renewedAt: at,
    expiresAt: at + 1_000,
    address: '::1',
    userAgent: 'test',
    version: 1,
    ...over,
  };
}

export function sampleAuditEntry(over: Partial<AuditEntry> = {}): AuditEntry {
  const { n, at } = next();
  return {
    id: newId('aud', at),
    at,
    actor: { kind: 'token', id: newId('tok', at), name: 'ünï 🚀 "quotes"' },
    action: 'projects.update',
    target: { project: `project-${n}` },
    requestId: `request-${n}`,
    address: '127.0.0.1',
    userAgent: 'test',
    outcome: 'started',
    ...over,
  };
}

export function sampleAlias(over: Partial<Alias> = {}): Alias {
  const { n, at } = next();
  return {
    host: host(`alias-${n}.localhost`),
    projectId: newId('prj', at),
    deploymentId: newId('dpl', at),
    kind: 'environment',
    target: 'production',
    pinned: false,
    history: [],
    revision: 1,
    updatedAt: at,
    ...over,
  };
}

export function sampleDomain(over: Partial<Domain> = {}): Domain {
  const { n, at } = next();
  return {
    id: newId('dom', at),
    name: `site-${n}.example` as DomainName,
    projectId: newId('prj', at),
    target: { kind: 'environment', environment: PRODUCTION },
    state: 'pending',
    reason: 'The first check is about to run',
    since: at,
    steps: [],
    holder: true,
    ownership: { required: false },
    checkToken: `token-${n}`,
    attempts: 0,
    nextCheckAt: at,
    observed: { at, a: [], aaaa: [], cname: [] },
    events: [],
    createdAt: at,
    updatedAt: at,
    version: 1,
    ...over,
  };
}

export function sampleJob(over: Partial<Job> = {}): Job {
  const { n, at } = next();
  return {
    id: newId('job', at),
    lane: 'production',
    group: `group-${n}`,
    kind: 'deploy',
    payload: { deploymentId: `dpl-${n}` },
    dedupeKey: `job-${n}`,
    attempts: 0,
    notBefore: 0,
    createdAt: at,
    ...over,
  };
}
