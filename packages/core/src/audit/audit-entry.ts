import type { AuditId, ProjectId, TeamId } from '../names/id.ts';
import type { ErrorCode } from '../result/result.ts';

/** The author of a change. The name is the one at that time: a token that is revoked since stays readable in the log. */
export type AuditActor =
  | Readonly<{ kind: 'token'; id: string; name: string }>
  /** `name` is the e-mail address. */
  | Readonly<{ kind: 'person'; id: string; name: string }>
  /** A request that needs no token. */
  | Readonly<{ kind: 'anonymous' }>;

/**
 * `started`: the record was written before the change, and its outcome is not known: the change is running, or the
 * platform was killed meanwhile, or its outcome could not be written. `refused`: the caller may not do this, or the request was wrong; nothing changed.
 */
export const AUDIT_OUTCOMES = ['started', 'success', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** Fields of the changed thing, without secrets: only those that differ. */
export type AuditFields = Readonly<Record<string, unknown>>;

export type AuditResult = Readonly<{
  outcome: Exclude<AuditOutcome, 'started'>;
  /** Why it was refused or failed. */
  code?: ErrorCode;
  before?: AuditFields;
  after?: AuditFields;
  /** The person that this very request has proven: a sign-in, an invitation. */
  actor?: AuditActor;
  /** With what the request named beside the path. */
  target?: Readonly<Record<string, string>>;
}>;

/** What is known of a change before it is made. */
export type ChangeStart = Readonly<{
  actor: AuditActor;
  /** The dotted name of the endpoint, such as `projects.update`; `git.push` for a push. */
  action: string;
  /** What the path named, by the names of the endpoint's parameters. */
  target: Readonly<Record<string, string>>;
  projectId?: ProjectId;
  teamId?: TeamId;
  requestId: string;
  address: string;
  userAgent: string;
}>;

/** One change of the platform: its author, the action, the resource, the address, and the outcome. */
export type AuditEntry = ChangeStart &
  Omit<AuditResult, 'outcome' | 'actor' | 'target'> &
  Readonly<{ id: AuditId; at: number; outcome: AuditOutcome }>;

/** How long entries are kept. */
export const AUDIT_DAYS = 400;
