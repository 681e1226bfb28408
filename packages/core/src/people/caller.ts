import type { PersonId, ProjectId, TeamId } from '../names/id.ts';
import type { Session } from '../sessions/session.ts';
import type { Token, TokenScope } from '../tokens/token.ts';
import type { Person } from './person.ts';
import { includes, type Role } from './role.ts';
import { DEFAULT_TEAM, type Member } from './team.ts';

/** A person's membership of one team. */
export type Membership = Readonly<{ teamId: TeamId; teamName: string }> & Member;

/** The caller of a request: a program with a token, or a person with a session. */
export type Caller =
  | Readonly<{ kind: 'token'; token: Token }>
  | Readonly<{ kind: 'person'; person: Person; session: Session; memberships: readonly Membership[] }>;

/** What a request is about, as far as it decides which callers may make it. */
export type AccessTarget =
  | Readonly<{ kind: 'platform' }>
  | Readonly<{ kind: 'team'; id: TeamId }>
  | Readonly<{ kind: 'project'; id: ProjectId; teamId: TeamId }>
  /** Nothing in particular: the response has only what the caller may see. */
  | Readonly<{ kind: 'shared' }>;

const OF_SCOPE: Readonly<Record<TokenScope, Role>> = { read: 'viewer', deploy: 'developer', admin: 'admin' };

/**
 * Returns the role of a caller at a target; undefined when the target does not exist for it. This function alone
 * decides what a caller may do: docs/people.md has the rules.
 */
export function roleOf(caller: Caller, target: AccessTarget): Role | undefined {
  return caller.kind === 'token' ? roleOfToken(caller.token, target) : roleOfPerson(caller.memberships, target);
}

function roleOfToken(token: Token, target: AccessTarget): Role | undefined {
  const role = OF_SCOPE[token.scope];
  if (target.kind === 'shared') return role;
  if (token.projectId !== undefined)
    return target.kind === 'project' && target.id === token.projectId ? role : undefined;
  if (token.teamId !== undefined) {
    const teamId = target.kind === 'team' ? target.id : target.kind === 'project' ? target.teamId : undefined;
    return teamId === token.teamId ? role : undefined;
  }
  // A token of the whole platform with scope admin is its owner.
  return token.scope === 'admin' ? 'owner' : role;
}

function roleOfPerson(memberships: readonly Membership[], target: AccessTarget): Role | undefined {
  if (target.kind === 'shared') return 'viewer';
  const teamId = target.kind === 'platform' ? DEFAULT_TEAM : target.kind === 'team' ? target.id : target.teamId;
  const membership = memberships.find((each) => each.teamId === teamId);
  // The platform as a whole is for its owners alone, to read as well.
  if (target.kind === 'platform') return membership?.role === 'owner' ? 'owner' : undefined;
  return (target.kind === 'project' ? membership?.projects[target.id] : undefined) ?? membership?.role;
}

/** Returns whether a caller may see anything of a target. */
export const maySee = (caller: Caller, target: AccessTarget): boolean => includes(roleOf(caller, target), 'viewer');

/** Identifies a caller where its requests are counted and its idempotency keys are kept. */
export const callerId = (caller: Caller): string => (caller.kind === 'token' ? caller.token.id : caller.person.id);

/** Returns the id of the person that calls; undefined for a token. */
export const personOf = (caller: Caller): PersonId | undefined =>
  caller.kind === 'person' ? caller.person.id : undefined;
