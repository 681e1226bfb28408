import type { InvitationId, PersonId, TeamId } from '../names/id.ts';
import type { Grant } from './grant.ts';
import type { Email } from './person.ts';

/**
 * A secret that is used once, within 7 days: to join a team (`email` may), to become the first owner (no `email`), or
 * to set a new password (`personId` may).
 */
export type Invitation = Readonly<{
  id: InvitationId;
  teamId: TeamId;
  /** SHA-256 hex of the secret, which is shown once. */
  hash: string;
  email?: Email;
  /** Sets the password of this person, and gives nothing. */
  personId?: PersonId;
  grant: Grant;
  /** Its author; absent for the platform itself and for a token. */
  invitedBy?: PersonId;
  expiresAt: number;
  usedAt?: number;
  createdAt: number;
  version: number;
}>;

export const INVITATION_DAYS = 7;
