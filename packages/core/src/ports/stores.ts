import type { Alias } from '../aliases/alias.ts';
import type { Delivery, DeliveryState } from '../deliveries/delivery.ts';
import type { Deployment, DeploymentState } from '../deployments/deployment.ts';
import type { Variable } from '../environments/variable.ts';
import type { DeliveryId, DeploymentId, ProjectId, TokenId, VariableId } from '../names/id.ts';
import type { EnvironmentName, HostName, ProjectName } from '../names/name.ts';
import type { Project } from '../projects/project.ts';
import type { Token } from '../tokens/token.ts';
import type { Page, PageRequest } from './page.ts';

/**
 * One aggregate a store, one item an aggregate. What every adapter promises:
 * - `insert` and `replace` are conditional writes on one item: durable when they resolve, refused with `false` when
 *   the item exists already or its `version` is not the expected one. (DynamoDB: ConditionExpression; items ≤ 400 KB.)
 * - `get` reads what the last resolved write left (strongly consistent).
 * - Listings may lag behind writes by moments and promise no order but "newest first by creation"
 *   (DynamoDB: global secondary index). No transaction spans two items, but for the one of
 *   `IntakeStore`: use cases are written as idempotent steps.
 */
export interface Store<T extends { readonly version: number }, Id> {
  get(id: Id): Promise<T | undefined>;
  /** False when an item with this id, or with this unique key (see each store), exists. */
  insert(item: T): Promise<boolean>;
  /** Writes `item` when the stored version is `item.version - 1`. */
  replace(item: T): Promise<boolean>;
  /** Removes it; removing what is not there is no error. */
  remove(id: Id): Promise<void>;
}

/** Unique: name. */
export interface ProjectStore extends Store<Project, ProjectId> {
  byName(name: ProjectName): Promise<Project | undefined>;
  list(page: PageRequest): Promise<Page<Project>>;
}

/** Unique: dedupeKey. `byDedupeKey` is strongly consistent. */
export interface DeploymentStore extends Store<Deployment, DeploymentId> {
  byDedupeKey(key: string): Promise<Deployment | undefined>;
  list(filter: Readonly<{ projectId: ProjectId; environment?: EnvironmentName; state?: DeploymentState; branch?: string }>, page: PageRequest): Promise<Page<Deployment>>;
  /** Every deployment in one of these states, of all projects: for recovery after a crash. Strongly consistent on one machine; on AWS it may lag, so recovery runs again. */
  inStates(states: readonly DeploymentState[]): Promise<readonly Deployment[]>;
}

/** The compare-and-set of the switch. Keyed by host. */
export interface AliasStore {
  get(host: HostName): Promise<Alias | undefined>;
  /** Writes when the stored revision is `alias.revision - 1`; revision 1 means "must not exist". Edges see it within moments. */
  compareAndSet(alias: Alias): Promise<boolean>;
  remove(host: HostName): Promise<void>;
  /** Forgets what a home keeps of aliases that were removed before `before`, so that its edges hear of it; such as nothing. (DynamoDB: an item's time to live.) */
  expireRemoved(before: number): Promise<void>;
  listByProject(projectId: ProjectId): Promise<readonly Alias[]>;
}

/** Unique: (projectId, source, externalId). */
export interface DeliveryStore extends Store<Delivery, DeliveryId> {
  byExternalId(projectId: ProjectId, source: Delivery['source'], externalId: string): Promise<Delivery | undefined>;
  list(filter: Readonly<{ projectId: ProjectId; state?: DeliveryState }>, page: PageRequest): Promise<Page<Delivery>>;
  /** Deliveries that were written but never acted on: for recovery after a crash. */
  unprocessed(): Promise<readonly Delivery[]>;
}

/** Unique: (projectId, environment, name, scope). At most 1,000 a project. */
export interface VariableStore extends Store<Variable, VariableId> {
  list(projectId: ProjectId, environment?: EnvironmentName): Promise<readonly Variable[]>;
}

/** Unique: hash. `byHash` is strongly consistent. */
export interface TokenStore extends Store<Token, TokenId> {
  byHash(hash: string): Promise<Token | undefined>;
  list(page: PageRequest): Promise<Page<Token>>;
}

/** How long an idempotency record is kept, and after how long an unfinished claim counts as left behind by a crash. */
export const KEPT_MS = 24 * 60 * 60 * 1000;
export const TAKEN_OVER_MS = 10 * 60 * 1000;

/**
 * Answers to requests that named an Idempotency-Key, for 24 hours. `claim` is a conditional write: the second claimant
 * gets the first's record, unless that is older than KEPT_MS, or unfinished and older than TAKEN_OVER_MS.
 */
export interface IdempotencyStore {
  claim(key: string, fingerprint: string, now: number): Promise<{ state: 'new' } | { state: 'pending' | 'done'; fingerprint: string; response?: string }>;
  finish(key: string, response: string): Promise<void>;
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
}>;
