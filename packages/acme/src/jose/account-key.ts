import { createHash, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { fail, ok, type Result } from '@anchor/core/result/result.ts';

/** The public half of an account key, with the members that RFC 7638 hashes, in its order. */
export type PublicJwk = Readonly<{ crv: 'P-256'; kty: 'EC'; x: string; y: string }>;

/** The key of an ACME account: P-256, signing with ES256, which every CA must accept (RFC 8555, section 6.2). */
export class AccountKey {
  readonly #key: KeyObject;
  readonly jwk: PublicJwk;
  /** The key's RFC 7638 thumbprint: the second half of every key authorization. */
  readonly thumbprint: string;

  private constructor(key: KeyObject, x: string, y: string) {
    this.#key = key;
    this.jwk = { crv: 'P-256', kty: 'EC', x, y };
    this.thumbprint = createHash('sha256').update(JSON.stringify(this.jwk)).digest('base64url');
  }

  /** Generates a new key. */
  static generate(): AccountKey {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return AccountKey.#of(privateKey);
  }

  /** Reads a key that `toPem` wrote. Fails for anything but a P-256 private key. */
  static fromPem(pem: string): Result<AccountKey> {
    try {
      const key = createPrivateKey(pem);
      if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return ok(AccountKey.#of(key));
      return refused('It is a key of another kind.');
    } catch (error) {
      return refused(String(error));
    }
  }

  static #of(key: KeyObject): AccountKey {
    const { x = '', y = '' } = key.export({ format: 'jwk' });
    return new AccountKey(key, x, y);
  }

  /** Returns the private key as PKCS #8. Seal it before it is stored. */
  toPem(): string {
    return this.#key.export({ type: 'pkcs8', format: 'pem' }).toString();
  }

  /** Signs text with ES256 (RFC 7518, section 3.4). Returns base64url. */
  sign(text: string): string {
    return sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  }
}

const refused = (cause: string): Result<AccountKey> =>
  fail('invalid_input', 'The account key is no P-256 private key', 'Restore the database from a backup.', cause);
