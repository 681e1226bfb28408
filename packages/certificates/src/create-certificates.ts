import type { CertificateStore } from '@anchor/core/ports/certificate-store.ts';
import type { Certificates } from '@anchor/core/ports/certificates.ts';
import type { Clock } from '@anchor/core/ports/clock.ts';
import type { DnsRecords } from '@anchor/core/ports/dns-records.ts';
import type { SecretBox } from '@anchor/core/ports/secret-box.ts';
import type { ServedCertificates } from '@anchor/core/ports/served-certificates.ts';
import { Authority, type AuthoritySettings } from './authorities/authority.ts';
import { Budgets } from './budgets/budgets.ts';
import { CertificateIndex } from './certificate-index.ts';
import { CertificateService } from './certificate-service.ts';
import { LocalAuthority } from './local/local-authority.ts';
import { OrderScheduler } from './order-scheduler.ts';
import { OrderCounter, type OrderCounts } from './orders/order-counter.ts';
import { openTables } from './records/records.ts';
import { DEFAULT_TYPES, type ChallengeType } from './solvers/challenge-types.ts';

export type CertificatesOptions = Readonly<{
  store: CertificateStore;
  secrets: SecretBox;
  served: ServedCertificates;
  clock: Clock;
  /** CAs, the one that is tried first in front. Without any there are uploads and the local CA only. */
  authorities: readonly AuthoritySettings[];
  /** Writes the records of dns-01; without it there are no wildcards. */
  dns?: DnsRecords | undefined;
  /** Whether there is a local CA for `*.localhost`. */
  localAuthority?: boolean;
  /** The challenges that are used, in the order in which they are tried. */
  challengeTypes?: readonly ChallengeType[];
  pollMs?: number;
  /** Gets what failed unexpectedly, and records that cannot be read. */
  onError?: (error: unknown) => void;
}>;

export type LocalCertificates = Certificates &
  Readonly<{
    /** Returns the root certificate of the local CA in PEM; undefined when it is off. See `trustInstructions`. */
    localRoot(): Promise<string | undefined>;
    /** Returns the outcomes of orders since this process started. */
    orderCounts(): OrderCounts;
    /** Stops orders where they are: the next process continues them. */
    close(): Promise<void>;
  }>;

const POLL_MS = 1000;

/**
 * Opens the certificates of this installation: reads what is stored, gives the edge what it lacks, and continues orders
 * that an earlier process left.
 */
export async function createCertificates(options: CertificatesOptions): Promise<LocalCertificates> {
  const { store, secrets, served, clock, dns } = options;
  const onError = options.onError ?? (() => {});
  const tables = openTables(store, (record) => onError(new Error(`The record ${record} cannot be read`)));
  const index = await CertificateIndex.open(tables);
  const authorities = options.authorities.map((each) => new Authority(each, tables.accounts, secrets, clock));
  const context = {
    tables,
    secrets,
    clock,
    served,
    dns,
    authorities,
    budgets: new Budgets(tables.budgets),
    counter: new OrderCounter(),
    challengeTypes: options.challengeTypes ?? DEFAULT_TYPES,
    pollMs: options.pollMs ?? POLL_MS,
  };
  const scheduler = new OrderScheduler(context, index, onError);
  const local = options.localAuthority === true ? new LocalAuthority(tables.authorities, secrets) : undefined;
  const service = new CertificateService(context, index, scheduler, local);
  await service.publishAll();
  // So that `authorities` knows their names in CAA records. One that does not respond is read again by its first order.
  for (const authority of authorities) authority.readDirectory();
  scheduler.start();
  return Object.assign(service, {
    localRoot: async () => local?.certificatePem(clock.now()),
    orderCounts: () => context.counter.counts,
    close: async () => {
      await scheduler.close();
      for (const authority of authorities) authority.close();
    },
  });
}
