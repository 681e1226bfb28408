import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Whether `signature` is the HMAC-SHA256 of the raw bytes, in lower-case hex. Takes the same time whatever differs. */
export function hmacMatches(secret: string, bytes: Uint8Array, signature: string | undefined): boolean {
  if (signature === undefined || !/^[0-9a-f]{64}$/.test(signature)) return false;
  return timingSafeEqual(createHmac('sha256', secret).update(bytes).digest(), Buffer.from(signature, 'hex'));
}

/** `sha256=<hex>`, as GitHub writes it. */
export const hubSignatureMatches = (secret: string, bytes: Uint8Array, header: string | undefined): boolean =>
  hmacMatches(secret, bytes, header?.startsWith('sha256=') === true ? header.slice(7) : undefined);

/** Whether two texts are the same, without telling by time where they differ or how long the secret is. */
export const secretMatches = (secret: string, given: string | undefined): boolean => given !== undefined && given !== '' && timingSafeEqual(digest(secret), digest(given));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
export const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
