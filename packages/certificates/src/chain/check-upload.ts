import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';
import { namesOf } from './certificate-names.ts';
import { describe, isIssuedBy, readCertificates, sortChain, type Chain } from './read-chain.ts';

/** An upload that passed: its chain in order, its key in PKCS #8, and the names that it is for. */
export type CheckedUpload = Readonly<{ chain: Chain; keyPem: string; names: readonly string[] }>;

const MIN_RSA_BITS = 2048;
/** A handshake with RSA-4096 takes 3 ms of the edge's processor, with RSA-16384 a quarter of a second. */
const MAX_RSA_BITS = 4096;
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1']);
const MAX_NAMES = 100;

/**
 * Checks a certificate that a user has from elsewhere: whether it is whole, belongs to its key, is valid now, strong
 * enough for browsers, and leads to a root.
 */
export function checkUpload(chainPem: string, keyPem: string, now: number): Result<CheckedUpload> {
  const key = readKey(keyPem);
  if (!key.ok) return key;
  const read = readCertificates(chainPem);
  if (!read.ok) return read;
  const leaf = read.value.find((each) => each.checkPrivateKey(key.value));
  if (leaf === undefined) return otherKey(read.value);
  const sorted = sortChain(leaf, read.value);
  if (!sorted.ok) return sorted;
  if (sorted.value.some((each, index) => each.fingerprint256 !== read.value[index]?.fingerprint256))
    return outOfOrder(sorted.value);
  const problem = strength(leaf) ?? times(sorted.value, now) ?? signatures(sorted.value) ?? completeness(sorted.value);
  if (problem !== undefined) return problem;
  const names = namesOf(leaf);
  if (names.length === 0 || names.length > MAX_NAMES) {
    return fail(
      'invalid_input',
      'The certificate names no host',
      'Upload a certificate with subject alternative names.',
      names.length === 0 ? 'Browsers ignore the common name.' : `It has more than ${MAX_NAMES} names.`,
    );
  }
  const pkcs8 = key.value.export({ type: 'pkcs8', format: 'pem' }).toString();
  return ok({ chain: sorted.value, keyPem: pkcs8, names: [...new Set(names)] });
}

type Problem = ReturnType<typeof fail> | undefined;

function readKey(pem: string): Result<KeyObject> {
  try {
    return ok(createPrivateKey(pem));
  } catch (error) {
    const encrypted = pem.includes('ENCRYPTED');
    return fail(
      'invalid_input',
      encrypted ? 'The key is encrypted with a passphrase' : 'The key file has no readable private key',
      encrypted
        ? 'Decrypt it first: openssl pkey -in KEY -out KEY.decrypted'
        : 'Upload the private key in PEM (often called privkey.pem).',
      encrypted ? undefined : String(error),
    );
  }
}

function otherKey(certificates: readonly X509Certificate[]): ReturnType<typeof fail> {
  return fail(
    'invalid_input',
    'The key does not belong to the certificate',
    'Upload the key that the certificate was requested with.',
    `Its public half is in none of: ${certificates.map(describe).join('; ')}.`,
  );
}

function outOfOrder(chain: Chain): ReturnType<typeof fail> {
  return fail(
    'invalid_input',
    'The chain is out of order',
    'Sort the chain file: the certificate first, then each followed by its issuer.',
    `The order is ${chain.map(describe).join(', then ')}.`,
  );
}

function strength(leaf: X509Certificate): Problem {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey;
  const bits = type === 'rsa' ? (details?.modulusLength ?? 0) : 0;
  if (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS) return undefined;
  if (type === 'ec' && CURVES.has(details?.namedCurve)) return undefined;
  const kind = type === 'rsa' ? `RSA with ${bits} bits` : (details?.namedCurve ?? type);
  return fail(
    'invalid_input',
    bits > MAX_RSA_BITS
      ? `The certificate's key costs too much time per connection: ${kind}`
      : `Browsers refuse the certificate's key: ${kind}`,
    'Get a certificate with a key on the curve P-256 or P-384, or RSA with 2048 to 4096 bits.',
  );
}

function times(chain: Chain, now: number): Problem {
  for (const certificate of chain) {
    const { validFromDate, validToDate } = certificate;
    if (validToDate.getTime() <= now) {
      return fail(
        'invalid_input',
        `The certificate ${describe(certificate)} expired on ${validToDate.toISOString()}`,
        'Upload its renewal.',
      );
    }
    if (validFromDate.getTime() > now) {
      return fail(
        'invalid_input',
        `The certificate ${describe(certificate)} is not valid before ${validFromDate.toISOString()}`,
        "Check this machine's clock with timedatectl, or upload it later.",
      );
    }
  }
  return undefined;
}

function signatures(chain: Chain): Problem {
  for (const certificate of chain) {
    // Clients do not verify a root's own signature.
    if (isIssuedBy(certificate, certificate)) continue;
    if (!/sha-?1|md5/i.test(certificate.signatureAlgorithm ?? '')) continue;
    return fail(
      'invalid_input',
      `Browsers refuse the signature of ${describe(certificate)}: ${certificate.signatureAlgorithm ?? ''}`,
      'Get a certificate that is signed with SHA-256.',
    );
  }
  return undefined;
}

let rootSubjects: ReadonlySet<string> | undefined;

/** A chain is complete when its last certificate is a root, or was issued by one that browsers have. */
function completeness(chain: Chain): Problem {
  const last = chain[chain.length - 1] ?? chain[0];
  if (last.subject === last.issuer) return undefined;
  rootSubjects ??= new Set(rootCertificates.map((pem) => new X509Certificate(pem).subject));
  if (rootSubjects.has(last.issuer)) return undefined;
  return fail(
    'invalid_input',
    'The chain is incomplete: browsers would not trust it',
    'Append the missing certificate to the chain file.',
    `${describe(last)} was issued by "${last.issuer.replaceAll('\n', ', ')}", which is not in the file.`,
  );
}
