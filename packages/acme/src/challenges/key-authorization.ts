import { createHash } from 'node:crypto';
import type { AccountKey } from '../jose/account-key.ts';

/** Returns what http-01 serves for a token, and what the other challenges hash (RFC 8555, section 8.1). */
export const keyAuthorization = (token: string, key: AccountKey): string => `${token}.${key.thumbprint}`;

/** A TXT record that a CA looks for. */
export type TxtRecord = Readonly<{ name: string; value: string }>;

/** Returns the record of dns-01 (RFC 8555, section 8.4). A wildcard's is that of the name below it. */
export const dnsRecord = (name: string, authorization: string): TxtRecord => ({
  name: `_acme-challenge.${name.replace(/^\*\./, '')}`,
  value: createHash('sha256').update(authorization).digest('base64url'),
});

/**
 * Returns the record of dns-persist-01 (draft-ietf-acme-dns-persist): it stays, and authorizes the account for as long
 * as it is there. With `wildcard` it covers the wildcard too.
 */
export const persistentDnsRecord = (
  name: string,
  issuer: string,
  accountUrl: string,
  wildcard: boolean,
): TxtRecord => ({
  name: `_validation-persist.${name.replace(/^\*\./, '')}`,
  value: `${issuer}; accounturi=${accountUrl}${wildcard ? '; policy=wildcard' : ''}`,
});
