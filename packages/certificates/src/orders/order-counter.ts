import type { CertificateReason } from '@anchor/core/ports/certificates.ts';

/** Outcomes of tries: a failed one is counted each time, also when it is retried later. */
export type OrderCounts = Readonly<{ issued: number; issueFailures: number; renewed: number; renewalFailures: number }>;

/** Counts how orders end, for the metrics. From zero at each start. */
export class OrderCounter {
  #counts: OrderCounts = { issued: 0, issueFailures: 0, renewed: 0, renewalFailures: 0 };

  get counts(): OrderCounts {
    return this.#counts;
  }

  countSuccess(reason: CertificateReason): void {
    const key = reason === 'renewal' ? 'renewed' : 'issued';
    this.#counts = { ...this.#counts, [key]: this.#counts[key] + 1 };
  }

  countFailure(reason: CertificateReason): void {
    const key = reason === 'renewal' ? 'renewalFailures' : 'issueFailures';
    this.#counts = { ...this.#counts, [key]: this.#counts[key] + 1 };
  }
}
