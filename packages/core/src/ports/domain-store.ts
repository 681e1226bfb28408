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
   * Returns the records of `parent` and of all names below it that other projects have or had, removed ones too.
   * Strongly consistent.
   */
  othersWithin(parent: DomainName, projectId: ProjectId): Promise<readonly Domain[]>;
  /** Lists the domains of a project without removed ones, newest first. */
  list(projectId: ProjectId, page: PageRequest): Promise<Page<Domain>>;
  /**
   * Returns at most `limit` domains with `nextCheckAt` at or before `now`: the most overdue of each project, then the
   * second of each. One project with many must not keep others waiting.
   */
  due(now: number, limit: number): Promise<readonly Domain[]>;
  /** Returns every record with `holder`, of all projects: what the edge serves. */
  holders(): Promise<readonly Domain[]>;
  /** Forgets records that were removed before `before`. */
  expireRemoved(before: number): Promise<void>;
}
