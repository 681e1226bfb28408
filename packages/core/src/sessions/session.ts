import type { PersonId, SessionId } from '../names/id.ts';

/**
 * A signed-in person. `browser`: the secret is in a cookie that scripts cannot read; `token`: a program sends it as a
 * bearer token. One is never accepted as the other.
 */
export type Session = Readonly<{
  id: SessionId;
  personId: PersonId;
  kind: 'browser' | 'token';
  /** SHA-256 hex of the secret. */
  hash: string;
  createdAt: number;
  lastUsedAt: number;
  /** Of the last renewal, by which it expires. */
  renewedAt: number;
  expiresAt: number;
  /** Where it was last used from. */
  address: string;
  userAgent: string;
  version: number;
}>;

export const SESSION_DAYS = 30;
/** Sessions that one person may have; the one that was used least recently ends. */
export const MAX_SESSIONS = 50;
