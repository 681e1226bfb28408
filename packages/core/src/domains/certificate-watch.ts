import type { Certificate } from '../ports/certificates.ts';
import { commandWord } from './domain-name.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A certificate that needs attention. `level` grows with the urgency. */
export type CertificateWarning = Readonly<{
  id: string;
  level: 'overdue' | 'week' | 'two_days' | 'expired';
  message: string;
  fix: string;
}>;

/**
 * Returns the certificates whose renewal is overdue, or that expire within 7 or 2 days. Overdue: 2/3 of the lifetime
 * have passed, and the time that the CA named for the renewal, with a thirtieth of the lifetime for retries. A
 * certificate that lives for less than a month is judged by the first alone.
 */
export function certificateWarnings(certificates: readonly Certificate[], now: number): readonly CertificateWarning[] {
  return certificates.flatMap((certificate) => {
    const level = levelOf(certificate, now);
    if (level === undefined) return [];
    const { id, names, notAfter, origin } = certificate;
    const name = names[0] ?? id;
    const days = Math.max(0, Math.floor((notAfter - now) / DAY));
    const message =
      level === 'expired'
        ? `The certificate of ${name} expired on ${day(notAfter)}`
        : level === 'overdue'
          ? `The renewal of the certificate of ${name} is overdue; it expires on ${day(notAfter)}`
          : `The certificate of ${name} expires in ${days} day${days === 1 ? '' : 's'}, on ${day(notAfter)}`;
    const fix =
      origin === 'upload'
        ? 'Upload a new one: anchor certificates upload'
        : `See why with: anchor certificates list, then: anchor certificates renew ${commandWord(name)}`;
    return [{ id, level, message, fix }];
  });
}

function levelOf(certificate: Certificate, now: number): CertificateWarning['level'] | undefined {
  const { notBefore, notAfter, renewAt = 0, origin } = certificate;
  const lifetime = notAfter - notBefore;
  const left = notAfter - now;
  if (left <= 0) return 'expired';
  const overdue = Math.max(notBefore + (lifetime * 2) / 3, renewAt) + lifetime / 30;
  if (lifetime >= 30 * DAY) {
    if (left <= 2 * DAY) return 'two_days';
    if (left <= 7 * DAY) return 'week';
  }
  return origin !== 'upload' && now >= overdue ? 'overdue' : undefined;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
