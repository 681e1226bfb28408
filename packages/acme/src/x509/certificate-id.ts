import { AuthorityKeyIdentifierExtension, X509Certificate } from './peculiar.ts';

/**
 * Returns the identifier under which a CA keeps a certificate's renewal information: its issuer's key identifier and
 * its serial number (RFC 9773, section 4.1). Undefined for a certificate without the former.
 */
export function certificateId(pem: string): string | undefined {
  const certificate = new X509Certificate(pem);
  const issuer = certificate.getExtension(AuthorityKeyIdentifierExtension)?.keyId;
  if (issuer === undefined) return undefined;
  const serial = certificate.serialNumber.length % 2 === 0 ? certificate.serialNumber : `0${certificate.serialNumber}`;
  // As DER has it: a positive number whose first bit is set has a zero byte before it.
  const signed = /^[89a-f]/i.test(serial) ? `00${serial}` : serial;
  return [issuer, signed].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
}
