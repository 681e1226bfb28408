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
  /** The newest at the end, at most 100. */
  events: readonly DomainEvent[];
  createdAt: number;
  updatedAt: number;
  removedAt?: number;
  version: number;
}>;
