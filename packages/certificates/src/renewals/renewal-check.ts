import { certificateId } from '@anchor/acme/x509/certificate-id.ts';
import type { Authority } from '../authorities/authority.ts';
import type { StoredCertificate } from '../records/records.ts';
import { latestRenewal, renewalTime, timeInWindow } from './renewal-time.ts';

const HOUR = 3_600_000;
/** RFC 9773, section 4.3.2: the CA's Retry-After counts, within bounds of the client's own. */
const SOONEST_MS = 60_000;
const LATEST_MS = 24 * HOUR;
const DEFAULT_MS = 6 * HOUR;
/** After a failure. What was known before stays. */
const FAILED_MS = HOUR;

/** Reads a certificate's renewal information. Returns it with the times that follow from it. */
export async function checkRenewal(
  id: string,
  certificate: StoredCertificate,
  authority: Authority | undefined,
  now: number,
): Promise<StoredCertificate> {
  const { chainPem, notBefore, notAfter } = certificate;
  const key = certificateId(chainPem);
  if (key === undefined || authority === undefined) return { ...certificate, checkAt: now + LATEST_MS };
  const info = await authority.renewalInfo(key);
  if (!info.ok) {
    if (info.error.kind === 'unreachable') authority.noteUnreachable(now);
    return { ...certificate, checkAt: now + FAILED_MS };
  }
  if (info.value === undefined)
    return { ...certificate, renewAt: renewalTime(notBefore, notAfter), checkAt: now + LATEST_MS };
  const wait = Math.min(Math.max(info.value.retryAfterMs ?? DEFAULT_MS, SOONEST_MS), LATEST_MS);
  const renewAt = Math.min(timeInWindow(id, info.value.suggestedWindow), latestRenewal(notBefore, notAfter));
  return { ...certificate, renewAt, checkAt: now + wait };
}
