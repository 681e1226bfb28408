import { createHash, randomBytes } from 'node:crypto';
import type { Identifier } from '../messages/identifier.ts';
import { importKeyPem, SIGNATURE } from './key-pair.ts';
import { Extension, SubjectAlternativeNameExtension, X509CertificateGenerator } from './peculiar.ts';

/** id-pe-acmeIdentifier (RFC 8737, section 3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAY_MS = 86_400_000;

/**
 * Creates the self-signed certificate for tls-alpn-01 (RFC 8737) for one name or address. Returns PEM. It is
 * valid from a day ago, since clocks differ.
 */
export async function createAlpnCertificate(
  identifier: Identifier,
  authorization: string,
  keyPem: string,
): Promise<string> {
  const digest = createHash('sha256').update(authorization).digest();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 7 * DAY_MS),
    keys: await importKeyPem(keyPem),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: identifier.type, value: identifier.value }]),
      // An OCTET STRING of 32 bytes
      new Extension(ACME_IDENTIFIER, true, Buffer.concat([Buffer.from([0x04, 0x20]), digest])),
    ],
  });
  return certificate.toString('pem');
}
