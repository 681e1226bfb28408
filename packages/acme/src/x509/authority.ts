import { createPublicKey, randomBytes } from 'node:crypto';
import type { Identifier } from '../messages/identifier.ts';
import { importKeyPem, SIGNATURE } from './key-pair.ts';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from './peculiar.ts';

/** A certificate authority of our own: its certificate and key, in PEM. */
export type Authority = Readonly<{ certificatePem: string; keyPem: string }>;
/** From when and until when a certificate is valid, in milliseconds since the epoch. */
export type Validity = Readonly<{ notBefore: number; notAfter: number }>;

/** id-ce-nameConstraints (RFC 5280, section 4.2.1.10). */
const NAME_CONSTRAINTS = '2.5.29.30';

/**
 * Creates a root certificate for `keyPem`. With `permittedDomain` it can vouch for names in that domain only, so that
 * a stolen key is of no use elsewhere. Returns PEM.
 */
export async function createAuthority(
  commonName: string,
  keyPem: string,
  { notBefore, notAfter }: Validity,
  permittedDomain?: string,
): Promise<string> {
  const keys = await importKeyPem(keyPem);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    serialNumber: serialNumber(),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(permittedDomain === undefined ? [] : [permitOnly(permittedDomain)]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Issues a certificate of a server for the public half of `keyPem`. Returns PEM. */
export async function issueCertificate(
  authority: Authority,
  identifiers: readonly Identifier[],
  keyPem: string,
  { notBefore, notAfter }: Validity,
): Promise<string> {
  const issuer = new X509Certificate(authority.certificatePem);
  const spki = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subject,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: new Uint8Array(spki),
    signingKey: (await importKeyPem(authority.keyPem)).privateKey,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      // Critical, since the subject is empty (RFC 5280, section 4.1.2.6)
      new SubjectAlternativeNameExtension(
        identifiers.map(({ type, value }) => ({ type, value })),
        true,
      ),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Returns 15 random bytes after one that keeps the number positive and its length fixed. */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

function permitOnly(domain: string): Extension {
  const dnsName = element(0x82, Buffer.from(domain, 'ascii'));
  const permittedSubtrees = element(0xa0, element(0x30, dnsName));
  return new Extension(NAME_CONSTRAINTS, true, new Uint8Array(element(0x30, permittedSubtrees)));
}

/** Returns a DER element of at most 127 bytes. */
const element = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);
