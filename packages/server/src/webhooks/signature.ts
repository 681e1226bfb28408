import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Returns whether `signature` is the HMAC-SHA256 of the raw bytes, in lower-case hex. Takes the same time whatever
 * differs.
 */
export function hmacMatches(secret: string, bytes: Uint8Array, signature: string | undefined): boolean {
  if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) return false;
  return timingSafeEqual(createHmac('sha256', secret).update(bytes).digest(), Buffer.from(signature, 'hex'));
}

/** Verifies `sha256=<hex>`, as GitHub writes it. */
export const githubSignatureMatches = (secret: string, bytes: Uint8Array, header: string | undefined): boolean =>
  hmacMatches(secret, bytes, header?.startsWith('sha256=') === true ? header.slice(7) : undefined);

/**
 * Returns whether two texts are equal. The time taken reveals neither where they differ nor the length of the secret.
 */
export const secretMatches = (secret: string, given: string | undefined): boolean =>
  given !== undefined && given !== '' && timingSafeEqual(digest(secret), digest(given));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
