import type { X509Certificate } from 'node:crypto';

/** What a certificate says of itself, as records have it. Times are in milliseconds since the epoch. */
export type CertificateFields = Readonly<{ issuer: string; notBefore: number; notAfter: number; fingerprint: string }>;

export const fieldsOf = (leaf: X509Certificate): CertificateFields => ({
  issuer: issuerOf(leaf),
  notBefore: leaf.validFromDate.getTime(),
  notAfter: leaf.validToDate.getTime(),
  fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
});

/** Returns the issuer's organization and common name: "Let's Encrypt, R13". */
function issuerOf({ issuer }: X509Certificate): string {
  const fields = new Map(
    issuer.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const parts = [fields.get('O'), fields.get('CN')].filter((part) => part !== undefined);
  return parts.length === 0 ? issuer.replaceAll('\n', ', ') : parts.join(', ');
}
