import type { CertificateStatus, IssueStep } from '../ports/certificates.ts';
import type { DnsVerdict } from './dns-verdict.ts';
import { cdnNote } from './cdn.ts';
import type { DomainState, DomainStep } from './domain.ts';

/** A state with its reason and steps; `retryAt`: when the order is retried. */
export type Verdict = Readonly<{
  state: DomainState;
  reason: string;
  steps: readonly DomainStep[];
  retryAt?: number;
  /** Whether a certificate has to be requested. */
  request?: boolean;
}>;

const STEP_TEXTS: Readonly<Record<IssueStep, string>> = {
  queued: 'the order waits for its turn',
  account: 'the account at the CA is being set up',
  order: 'the CA takes the order',
  dns: 'the TXT record for the CA is being published',
  challenge: 'the CA checks that the name leads here',
  finalize: 'the CA signs the certificate',
  download: 'the certificate is being fetched',
};

/**
 * Judges a domain whose DNS is known. A valid certificate keeps it active: wrong DNS is then a warning, since it stops
 * the renewal and not the clients that still come.
 */
export function certificateVerdict(
  { certificate, order, failed }: CertificateStatus,
  dns: DnsVerdict,
  cdn: string | undefined,
  now: number,
): Verdict {
  const steps = dns?.steps ?? [];
  if (certificate !== undefined && certificate.notAfter > now) {
    const until = `valid until ${day(certificate.notAfter)}`;
    if (dns !== undefined)
      return { state: 'active', reason: `Served with a certificate ${until}. ${dns.reason}`, steps };
    if (failed !== undefined)
      return {
        state: 'renewing',
        reason: `The renewal failed: ${sentence(failed.error)}; the certificate is ${until}`,
        steps: [{ text: failed.error.fix }],
        retryAt: failed.retryAt,
      };
    if (order !== undefined)
      return { state: 'renewing', reason: `The certificate is being renewed: ${STEP_TEXTS[order.step]}`, steps: [] };
    return {
      state: 'active',
      reason: `Served with a certificate of ${certificate.issuer}, ${until}${cdnNote(cdn)}`,
      steps: [],
    };
  }
  if (certificate !== undefined) {
    const ended = `The certificate expired on ${day(certificate.notAfter)}`;
    if (dns !== undefined) return { state: 'expired', reason: `${ended}. ${dns.reason}`, steps };
    if (failed !== undefined)
      return {
        state: 'expired',
        reason: `${ended} and the renewal failed: ${sentence(failed.error)}`,
        steps: [{ text: failed.error.fix }],
        retryAt: failed.retryAt,
      };
    const upload = certificate.origin === 'upload' && order === undefined;
    return {
      state: 'expired',
      reason: order === undefined ? ended : `${ended}; a new one is being issued`,
      steps: upload ? [{ text: 'Upload a new one: anchor certificates upload' }] : [],
      request: order === undefined && !upload,
    };
  }
  if (dns !== undefined) return { state: 'dns_wrong', ...dns };
  if (failed !== undefined)
    return {
      state: 'failed',
      reason: `No certificate: ${sentence(failed.error)}`,
      steps: [{ text: failed.error.fix }],
      retryAt: failed.retryAt,
    };
  if (order !== undefined)
    return { state: 'issuing', reason: `A certificate is being issued: ${STEP_TEXTS[order.step]}`, steps: [] };
  return { state: 'issuing', reason: `A certificate is being issued: ${STEP_TEXTS.queued}`, steps: [], request: true };
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

const sentence = ({ message, cause }: Readonly<{ message: string; cause?: string }>): string =>
  cause === undefined ? message : `${message}: ${cause}`;
