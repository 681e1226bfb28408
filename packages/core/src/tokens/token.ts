import type { ProjectId, TeamId, TokenId } from '../names/id.ts';

/**
 * `admin` may do everything; `deploy` may push, deploy and read; `read` may only read. With `projectId` or `teamId`, only there.
 */
export const TOKEN_SCOPES = ['admin', 'deploy', 'read'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

export type Token = Readonly<{
  id: TokenId;
  name: string;
  /** SHA-256 hex of the token; the token itself is shown once and never stored. */
  hash: string;
  scope: TokenScope;
  projectId?: ProjectId;
  /** With it, the token sees the projects of this team only. */
  teamId?: TeamId;
  expiresAt?: number;
  lastUsedAt?: number;
  createdAt: number;
  version: number;
}>;
