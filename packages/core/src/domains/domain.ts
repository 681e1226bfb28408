import type { DomainId, ProjectId } from '../names/id.ts';
import type { DomainName, EnvironmentName } from '../names/name.ts';

/**
 * The states of a domain, in the order in which a good one passes through them. `removed` keeps the name from other
 * projects for 30 days.
 */
export const DOMAIN_STATES = [
  'pending',
  'unverified',
  'dns_wrong',
  'issuing',
  'active',
  'renewing',
  'failed',
  'expired',
  'removed',
] as const;
export type DomainState = (typeof DOMAIN_STATES)[number];

/** A domain serves an environment of its project, or redirects to another name with 308. */
export type DomainTarget =
  | Readonly<{ kind: 'environment'; environment: EnvironmentName }>
  | Readonly<{ kind: 'redirect'; to: DomainName }>;

/**
 * One step towards the next state. `record`: what to set at the DNS provider, and what the name has now. `text` is one
 * imperative sentence.
 */
export type DomainStep = Readonly<{
  text: string;
  record?: Readonly<{ type: DnsRecordType; name: string; value: string; now: readonly string[] }>;
}>;
export type DnsRecordType = 'A' | 'AAAA' | 'CNAME' | 'CAA' | 'TXT';

/** A change of state or of its reason. */
export type DomainEvent = Readonly<{ at: number; state: DomainState; reason: string }>;

/** What the last check saw. */
export type DomainObservation = Readonly<{
  at: number;
  a: readonly string[];
  aaaa: readonly string[];
  cname: readonly string[];
  cdn?: string;
}>;

export type Domain = Readonly<{
  id: DomainId;
  name: DomainName;
  projectId: ProjectId;
  target: DomainTarget;
  state: DomainState;
  /** One sentence: why it is in this state. */
  reason: string;
  /** When the state was entered. */
  since: number;
  steps: readonly DomainStep[];
  /** Whether this record has the name: at most one of all records with it. Without it the domain is `unverified`. */
  holder: boolean;
  /** Whether the TXT record `_anchor.<registered domain>` must name the project; when it last did. */
  ownership: Readonly<{ required: boolean; verifiedAt?: number }>;
  /** The secret that the edge returns for the check over HTTP. */
  checkToken: string;
  /** Checks in a row that left the state unchanged. */
  attempts: number;
  /** When (milliseconds since the epoch) it is checked next; absent: only on demand. */
  nextCheckAt?: number;
  observed?: DomainObservation;
  /** The certificate that is served for it. */
  certificate?: Readonly<{ id: string; issuer: string; notAfter: number; renewAt?: number; renewals: number }>;
  /** Oldest first, at most 100. */
  events: readonly DomainEvent[];
  createdAt: number;
  updatedAt: number;
  /** When it was last taken from the project that had it; 0 when the project never did. */
  removedAt?: number;
  version: number;
}>;

/**
 * The one table of transitions. What a check finds may follow any other finding; `pending` and `removed` are left and
 * entered by users only. A change of reason within a state is always possible.
 */
const MOVES: Readonly<Record<DomainState, readonly DomainState[]>> = {
  pending: ['unverified', 'dns_wrong', 'issuing', 'active', 'renewing', 'failed', 'expired', 'removed'],
  unverified: ['dns_wrong', 'issuing', 'active', 'renewing', 'failed', 'expired', 'removed'],
  dns_wrong: ['unverified', 'issuing', 'active', 'renewing', 'failed', 'expired', 'removed'],
  issuing: ['unverified', 'dns_wrong', 'active', 'renewing', 'failed', 'expired', 'removed'],
  active: ['unverified', 'dns_wrong', 'issuing', 'renewing', 'failed', 'expired', 'removed'],
  renewing: ['unverified', 'dns_wrong', 'issuing', 'active', 'failed', 'expired', 'removed'],
  failed: ['unverified', 'dns_wrong', 'issuing', 'active', 'renewing', 'expired', 'removed'],
  expired: ['unverified', 'dns_wrong', 'issuing', 'active', 'renewing', 'failed', 'removed'],
  removed: ['pending', 'unverified'],
};

export const canMoveDomain = (from: DomainState, to: DomainState): boolean => from === to || MOVES[from].includes(to);

/** Events that a domain keeps. */
const MAX_EVENTS = 100;

/** Returns the domain in another state, with the event. Throws for a transition that is not in the table. */
export function moved(
  domain: Domain,
  now: number,
  next: Readonly<{ state: DomainState; reason: string; steps: readonly DomainStep[] }>,
): Domain {
  if (!canMoveDomain(domain.state, next.state))
    throw new Error(
      `a domain goes from ${domain.state} to ${next.state}, which the table of transitions does not have`,
    );
  const changed = domain.state !== next.state || domain.reason !== next.reason;
  return {
    ...domain,
    ...next,
    since: domain.state === next.state ? domain.since : now,
    events: changed
      ? [...domain.events, { at: now, state: next.state, reason: next.reason }].slice(-MAX_EVENTS)
      : domain.events,
    updatedAt: now,
    version: domain.version + 1,
  };
}

/** Whether requests for the domain are served: its DNS led here at least once, and the project has the name. */
export const isServed = ({ holder, state }: Domain): boolean =>
  holder && (state === 'issuing' || state === 'active' || state === 'renewing' || state === 'expired');
