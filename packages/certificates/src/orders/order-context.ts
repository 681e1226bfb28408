import type { Clock } from '@anchor/core/ports/clock.ts';
import type { IssueStep } from '@anchor/core/ports/certificates.ts';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import type { ServedCertificates } from '@anchor/core/ports/served-certificates.ts';
import type { Authority } from '../authorities/authority.ts';
import type { Budgets } from '../budgets/budgets.ts';
import type { Tables } from '../records/records.ts';
import type { ChallengeType } from '../solvers/challenge-types.ts';
import type { OrderCounter } from './order-counter.ts';

/** All that the run of an order uses. */
export type OrderContext = Readonly<{
  tables: Tables;
  secrets: SecretBox;
  clock: Clock;
  budgets: Budgets;
  counter: OrderCounter;
  authorities: readonly Authority[];
  served: ServedCertificates;
  dns: DnsRecords | undefined;
  challengeTypes: readonly ChallengeType[];
  /** How often an order is read while the CA works on it, when the CA does not say. */
  pollMs: number;
  /** Notes what an order waits for, for its status. */
  onStep: (id: string, step: IssueStep) => void;
}>;
