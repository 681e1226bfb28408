import { X509Certificate } from 'node:crypto';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** Longer than any chain of a CA, with roots for both of its keys. */
const MAX_CERTIFICATES = 10;
const MAX_BYTES = 100_000;
const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** A certificate and its issuers, each the issuer of the one before. */
export type Chain = readonly [X509Certificate, ...X509Certificate[]];

/** Reads the certificates of a PEM file, in its order. Text around them is ignored, as OpenSSL writes some. */
export function readCertificates(pem: string): Result<readonly X509Certificate[]> {
  if (pem.length > MAX_BYTES) return refused(`The file is larger than ${MAX_BYTES} bytes.`);
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length === 0) return refused('It has no "-----BEGIN CERTIFICATE-----".');
  if (blocks.length > MAX_CERTIFICATES) return refused(`It has more than ${MAX_CERTIFICATES} certificates.`);
  try {
    return ok(blocks.map((block) => new X509Certificate(block)));
  } catch (error) {
    return refused(String(error));
  }
}

const refused = (cause: string): Result<never> =>
  fail(
    'invalid_input',
    'The chain file has no readable certificates',
    'Upload the certificate in PEM, followed by its intermediates (often called fullchain.pem).',
    cause,
  );

/**
 * Sorts certificates into a chain that starts with `leaf`. Fails when one of them is not part of it: browsers accept
 * less than the rest of the world, and a stray certificate is mostly the wrong file.
 */
export function sortChain(leaf: X509Certificate, certificates: readonly X509Certificate[]): Result<Chain> {
  const rest = new Map(certificates.map((each) => [each.fingerprint256, each]));
  rest.delete(leaf.fingerprint256);
  const chain: [X509Certificate, ...X509Certificate[]] = [leaf];
  for (let last = leaf; rest.size > 0;) {
    const issuer = [...rest.values()].find((each) => isIssuedBy(last, each));
    if (issuer === undefined) {
      const [stray] = rest.values();
      return fail(
        'invalid_input',
        'The chain file has certificates that do not belong together',
        'Upload the certificate and its own intermediates, and nothing else.',
        `${describe(stray)} did not issue ${describe(last)}.`,
      );
    }
    rest.delete(issuer.fingerprint256);
    chain.push(issuer);
    last = issuer;
  }
  return ok(chain);
}

/** Returns whether `issuer` is a CA that signed `certificate`. */
export const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Returns the subject on one line, for messages. */
export const describe = (certificate: X509Certificate | undefined): string =>
  `"${(certificate?.subject ?? '').replaceAll('\n', ', ') || (certificate?.subjectAltName ?? 'unnamed')}"`;

/** Returns the chain in PEM. */
export const chainPem = (chain: readonly X509Certificate[]): string => chain.map((each) => each.toString()).join('');
