import type { AuditEntry, AuditResult } from '../audit/audit-entry.ts';
import type { AuditId, ProjectId, TeamId } from '../names/id.ts';
import type { Page, PageRequest } from './page.ts';

export type AuditFilter = Readonly<{ projectId?: ProjectId; teamId?: TeamId; actorId?: string; action?: string }>;

/**
 * The audit log: entries are appended and completed once, then never change. Only their age removes them. (DynamoDB:
 * one item per entry, completed under a condition, with a time to live.)
 */
export interface AuditStore {
  /** Appends an entry whose outcome is not known yet; durable when it resolves. */
  begin(entry: AuditEntry): Promise<void>;
  /** Adds the outcome to a started entry. Returns false, and changes nothing, when it has one or does not exist. */
  complete(id: AuditId, result: AuditResult): Promise<boolean>;
  /** Lists matching entries, newest first. */
  list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;
  /** Removes entries that are older than `before`. */
  expire(before: number): Promise<void>;
}
