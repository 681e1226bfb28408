import type { Domain } from '../domains/domain.ts';
import type { DomainId, ProjectId } from '../names/id.ts';
import type { DomainName } from '../names/name.ts';
import type { Page, PageRequest } from './page.ts';
import type { Store } from './store.ts';

/**
 * Unique: (projectId, name), and name among those with `holder`. `byName` is strongly consistent; the listings may lag.
 */
export interface DomainStore extends Store<Domain, DomainId> {
  /** Returns every project's record of a name, removed ones too. */
  byName(name: DomainName): Promise<readonly Domain[]>;
  /**
   * Inserts a domain, or replaces its version before, unless another project has a name of the registered domain
   * `within`, or had one since `heldSince` (milliseconds since the epoch). One write: of two projects that add names of
   * one registered domain at the same moment, one is `claimed`. `refused`: as `insert` and `replace` refuse. (DynamoDB:
   * a transaction with an item per registered domain, whose version each holder's write raises.)
   */
  admit(domain: Domain, within: DomainName, heldSince: number): Promise<'stored' | 'claimed' | 'refused'>;
  /** Lists the domains of a project without removed ones, newest first. */
  list(projectId: ProjectId, page: PageRequest): Promise<Page<Domain>>;
  /**
   * Returns at most `limit` domains with `nextCheckAt` at or before `now`: the most overdue of each project, then the
   * second of each. One project with many must not keep others waiting. Those without `observed` come first in their
   * project: they were never checked, and their users wait.
   */
  due(now: number, limit: number): Promise<readonly Domain[]>;
  /** Returns every record with `holder`, of all projects: what the edge serves. */
  holders(): Promise<readonly Domain[]>;
  /** Forgets records that were removed before `before`. */
  expireRemoved(before: number): Promise<void>;
}
