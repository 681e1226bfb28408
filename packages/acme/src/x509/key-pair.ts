import { createPrivateKey } from 'node:crypto';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
/** How every certificate and CSR of ours is signed. */
export const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Generates a P-256 key in PKCS #8 PEM. */
export async function generateKeyPem(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey));
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Imports a P-256 key for signing. Throws for a key of another kind: only keys that we generated are passed in. */
export async function importKeyPem(pem: string): Promise<CryptoKeyPair> {
  const key = createPrivateKey(pem);
  const { d: _, ...publicJwk } = key.export({ format: 'jwk' });
  const der = Buffer.from(key.export({ type: 'pkcs8', format: 'der' }));
  return {
    privateKey: await crypto.subtle.importKey('pkcs8', der, P256, false, ['sign']),
    publicKey: await crypto.subtle.importKey('jwk', publicJwk, P256, true, ['verify']),
  };
}
