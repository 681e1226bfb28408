import type { Alias } from '../aliases/alias.ts';
import type { Delivery, DeliveryState } from '../deliveries/delivery.ts';
import type { Deployment, DeploymentState } from '../deployments/deployment.ts';
import type { Variable } from '../environments/variable.ts';
import type { DeliveryId, DeploymentId, ProjectId, TeamId, TokenId, VariableId } from '../names/id.ts';
import type { EnvironmentName, HostName, ProjectName } from '../names/name.ts';
import type { Project } from '../projects/project.ts';
import type { Token } from '../tokens/token.ts';
import type { AuditStore } from './audit-store.ts';
import type { ChangeSignal } from './change-signal.ts';
import type { DomainStore } from './domain-store.ts';
import type { FactStore } from './facts.ts';
import type { FailedRecordStore } from './failed-records.ts';
import type { Page, PageRequest } from './page.ts';
import type { InvitationStore, PersonStore, SessionStore, TeamStore } from './people-stores.ts';
import type { Store } from './store.ts';
import type { UploadStore } from './uploads.ts';

export type { Store } from './store.ts';

/** Unique: name. */
export interface ProjectStore extends Store<Project, ProjectId> {
  /** Returns the project of this name; undefined when there is none. */
  byName(name: ProjectName): Promise<Project | undefined>;
  /** Lists projects, newest first. */
  list(page: PageRequest): Promise<Page<Project>>;
}

/** Unique: dedupeKey. `byDedupeKey` is strongly consistent. */
export interface DeploymentStore extends Store<Deployment, DeploymentId> {
  /** Returns the deployment with this key; undefined when there is none. */
  byDedupeKey(key: string): Promise<Deployment | undefined>;
  /** Lists matching deployments, newest first. */
  list(
    filter: Readonly<{ projectId: ProjectId; environment?: EnvironmentName; state?: DeploymentState; branch?: string }>,
    page: PageRequest,
  ): Promise<Page<Deployment>>;
  /**
   * Returns every deployment in one of these states, of all projects: for recovery after a crash. Strongly consistent
   * on one machine; on AWS it may lag, so recovery runs again.
   */
  inStates(states: readonly DeploymentState[]): Promise<readonly Deployment[]>;
  /** Follows one deployment; close the signal after use. (DynamoDB: its stream, or a read every few seconds.) */
  changes(id: DeploymentId): ChangeSignal;
}

/** The compare-and-set of the switch. Keyed by host. */
export interface AliasStore {
  /** Returns the alias; undefined when there is none, or when it was removed. */
  get(host: HostName): Promise<Alias | undefined>;
  /**
   * Writes when the stored revision is `alias.revision - 1`; revision 1 means "must not exist". Edges see it within
   * moments.
   */
  compareAndSet(alias: Alias): Promise<boolean>;
  /** Removes the alias and leaves a tombstone; an absent one is no error. */
  remove(host: HostName): Promise<void>;
  /**
   * Removes tombstones of aliases that were removed before `before`, which exist so that edges see the removal; may do
   * nothing. (DynamoDB: an item's time to live.)
   */
  expireRemoved(before: number): Promise<void>;
  /** Lists all aliases of a project. */
  listByProject(projectId: ProjectId): Promise<readonly Alias[]>;
  /** Lists the same aliases a page at a time, by host. */
  page(projectId: ProjectId, page: PageRequest): Promise<Page<Alias>>;
}

/** Unique: (projectId, source, externalId). */
export interface DeliveryStore extends Store<Delivery, DeliveryId> {
  /** Returns the delivery that the sender identified so; undefined when there is none. */
  byExternalId(projectId: ProjectId, source: Delivery['source'], externalId: string): Promise<Delivery | undefined>;
  /** Lists matching deliveries, newest first. */
  list(filter: Readonly<{ projectId: ProjectId; state?: DeliveryState }>, page: PageRequest): Promise<Page<Delivery>>;
  /** Deliveries that were written but never acted on: for recovery after a crash. */
  unprocessed(): Promise<readonly Delivery[]>;
}

/** Unique: (projectId, environment, name, scope). At most 1,000 per project. */
export interface VariableStore extends Store<Variable, VariableId> {
  /** Lists the variables of a project, or of one environment. */
  list(projectId: ProjectId, environment?: EnvironmentName): Promise<readonly Variable[]>;
}

/** Unique: hash. `byHash` is strongly consistent. */
export interface TokenStore extends Store<Token, TokenId> {
  /** Returns the token with this SHA-256; undefined when there is none. */
  byHash(hash: string): Promise<Token | undefined>;
  /** Lists tokens, or those of a team, newest first. */
  list(page: PageRequest, teamId?: TeamId): Promise<Page<Token>>;
}

/** How long an idempotency record is kept, and after how long an unfinished claim counts as left behind by a crash. */
export const IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000;
export const CLAIM_TIMEOUT_MS = 10 * 60 * 1000;

/**
 * Responses to requests with an Idempotency-Key, for 24 hours. `claim` is a conditional write: the second claimant gets
 * the first's record, unless that is older than IDEMPOTENCY_TTL_MS, or unfinished and older than CLAIM_TIMEOUT_MS.
 */
export interface IdempotencyStore {
  /** Claims a key. `pending`: the first claimant has not finished; `done`: `response` is its response. */
  claim(
    key: string,
    fingerprint: string,
    now: number,
  ): Promise<{ state: 'new' } | { state: 'pending' | 'done'; fingerprint: string; response?: string }>;
  /** Stores the response of a claimed key. */
  finish(key: string, response: string): Promise<void>;
  /** Releases a claim whose request had no effect, so that it may be retried. */
  release(key: string): Promise<void>;
  /** Removes records claimed before `before`. */
  expire(before: number): Promise<void>;
}

export type Stores = Readonly<{
  projects: ProjectStore;
  deployments: DeploymentStore;
  aliases: AliasStore;
  deliveries: DeliveryStore;
  variables: VariableStore;
  tokens: TokenStore;
  idempotency: IdempotencyStore;
  uploads: UploadStore;
  failedRecords: FailedRecordStore;
  facts: FactStore;
  domains: DomainStore;
  audit: AuditStore;
  people: PersonStore;
  teams: TeamStore;
  invitations: InvitationStore;
  sessions: SessionStore;
}>;
