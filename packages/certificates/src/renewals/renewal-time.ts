import { createHash } from 'node:crypto';

const DAY = 86_400_000;
/** Certificates with a shorter lifetime are renewed after half of it: a third would leave too few tries. */
const SHORT_LIVED = 10 * DAY;

/** Returns when a certificate is renewed if its CA does not say: after two thirds of its lifetime. */
export function renewalTime(notBefore: number, notAfter: number): number {
  const lifetime = notAfter - notBefore;
  return Math.round(notBefore + (lifetime < SHORT_LIVED ? lifetime / 2 : (lifetime * 2) / 3));
}

/**
 * Returns when a certificate is renewed at the latest, with a tenth of its lifetime left for tries: a window of the CA's
 * that ends later is a mistake.
 */
export const latestRenewal = (notBefore: number, notAfter: number): number =>
  Math.round(notAfter - (notAfter - notBefore) / 10);

/**
 * Returns the time within the CA's window at which a certificate is renewed (RFC 9773, section 4.2). It is random
 * between certificates, so that not all are ordered at once, and the same at each reading of one window.
 */
export function timeInWindow(id: string, { start, end }: Readonly<{ start: number; end: number }>): number {
  const digest = createHash('sha256').update(`${id} ${start} ${end}`).digest();
  return Math.round(start + (digest.readUInt32BE(0) / 2 ** 32) * (end - start));
}
