import { createHmac } from 'node:crypto';
import type { AccountKey } from './account-key.ts';

/** A key that a CA gave out to bind ACME accounts to its customers (RFC 8555, section 7.3.4). */
export type ExternalAccount = Readonly<{ keyId: string; hmacKey: string }>;

/** A JWS in flattened JSON serialization, the only one that ACME allows. */
export type Jws = Readonly<{ protected: string; payload: string; signature: string }>;

/** What a request is signed for. `accountUrl` is absent only where the account is not known yet. */
export type SigningContext = Readonly<{ url: string; nonce: string; accountUrl?: string }>;

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs a request. An undefined payload makes a POST-as-GET (RFC 8555, section 6.3). */
export function signRequest(key: AccountKey, { url, nonce, accountUrl }: SigningContext, payload: unknown): Jws {
  const identity = accountUrl === undefined ? { jwk: key.jwk } : { kid: accountUrl };
  const header = encode({ alg: 'ES256', nonce, url, ...identity });
  const body = payload === undefined ? '' : encode(payload);
  return { protected: header, payload: body, signature: key.sign(`${header}.${body}`) };
}

/** Proves with the CA's own key that the account belongs to its customer. `hmacKey` is base64url, as CAs print it. */
export function bindExternalAccount(key: AccountKey, account: ExternalAccount, newAccountUrl: string): Jws {
  const header = encode({ alg: 'HS256', kid: account.keyId, url: newAccountUrl });
  const payload = encode(key.jwk);
  const signature = createHmac('sha256', Buffer.from(account.hmacKey, 'base64url'))
    .update(`${header}.${payload}`)
    .digest('base64url');
  return { protected: header, payload, signature };
}
