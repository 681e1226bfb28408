import type { Caller } from '@anchor/core/people/caller.ts';
import type { Invitation } from '@anchor/core/people/invitation.ts';
import type { Grant } from '@anchor/core/people/grant.ts';
import type { Person } from '@anchor/core/people/person.ts';
import type { Team } from '@anchor/core/people/team.ts';
import type { Ports } from '@anchor/core/ports/ports.ts';
import type { Session } from '@anchor/core/sessions/session.ts';
import type * as contract from './contract.ts';
import { tokenView } from './views.ts';

export const personView = (person: Person): contract.Person => ({
  id: person.id,
  email: person.email,
  name: person.name,
  suspendedAt: person.suspendedAt,
  createdAt: person.createdAt,
});

/** `current`: the session of the request. */
export const sessionView = (session: Session, current: string): contract.Session => ({
  id: session.id,
  kind: session.kind,
  current: session.id === current,
  createdAt: session.createdAt,
  lastUsedAt: session.lastUsedAt,
  expiresAt: session.expiresAt,
  address: session.address,
  userAgent: session.userAgent,
});

export const teamView = (team: Team): contract.Team => ({
  id: team.id,
  name: team.name,
  createdAt: team.createdAt,
  version: team.version,
});

export const grantView = ({ role, projects }: Grant) => ({ role, projects: { ...projects } });

export async function teamWithMembersView(
  { people }: Pick<Ports, 'people'>,
  team: Team,
): Promise<contract.TeamWithMembers> {
  const members = await Promise.all(
    team.members.map(async (member) => {
      const person = await people.get(member.personId);
      return person === undefined
        ? []
        : [
            {
              personId: member.personId,
              email: person.email,
              name: person.name,
              suspendedAt: person.suspendedAt,
              since: member.since,
              ...grantView(member),
            },
          ];
    }),
  );
  return { ...teamView(team), members: members.flat() };
}

export const invitationView = (invitation: Invitation): contract.Invitation => ({
  id: invitation.id,
  teamId: invitation.teamId,
  email: invitation.email,
  invitedBy: invitation.invitedBy,
  expiresAt: invitation.expiresAt,
  usedAt: invitation.usedAt,
  createdAt: invitation.createdAt,
  ...grantView(invitation.grant),
});

export const callerView = (caller: Caller): contract.Caller =>
  caller.kind === 'token'
    ? { kind: 'token', token: tokenView(caller.token) }
    : {
        kind: 'person',
        person: personView(caller.person),
        session: sessionView(caller.session, caller.session.id),
        teams: caller.memberships.map(({ teamId, teamName, ...member }) => ({
          id: teamId,
          name: teamName,
          ...grantView(member),
        })),
      };
