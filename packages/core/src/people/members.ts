import { newId, type PersonId, type TeamId } from '../names/id.ts';
import { printable } from '../names/name.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import type { Grant } from './grant.ts';
import { includes, larger, type Role } from './role.ts';
import { MAX_MEMBERS, memberOf, ownersOf, type Member, type Team } from './team.ts';

type TeamPorts = Pick<Ports, 'teams' | 'people' | 'clock'>;

const noTeam = () => fail('not_found', 'There is no such team', 'List teams with: anchor teams list');
const noMember = () => fail('not_found', 'There is no such member', 'List members with: anchor people list');

/** Creates a team, without members. */
export const createTeam =
  ({ teams, clock }: Pick<Ports, 'teams' | 'clock'>) =>
  async (name: string): Promise<Result<Team>> => {
    if (!/^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,38}[\p{L}\p{N}])?$/u.test(name))
      return fail(
        'invalid_input',
        `"${printable(name)}" is not a team name`,
        'Use 1 to 40 letters, digits, spaces and ". _ -", starting and ending with a letter or digit.',
      );
    const now = clock.now();
    const team: Team = { id: newId('tem', now), name, members: [], createdAt: now, version: 1 };
    return (await teams.insert(team))
      ? ok(team)
      : fail('already_exists', `A team named "${name}" exists`, 'Choose another name.');
  };

/** Refuses to give, or to take away, more than the caller has. */
export function mayGrant(own: Role, grant: Grant): Result<void> {
  const largest = Object.values(grant.projects).reduce<Role | undefined>(larger, grant.role);
  return largest === undefined || includes(own, largest)
    ? ok(undefined)
    : fail(
        'forbidden',
        `The role ${largest} is given and taken away by an ${largest}`,
        `Let an ${largest} of the team do it.`,
      );
}

/** Adds a person to a team, or to more of it: a role that the person has is never made smaller. */
export const addMember =
  (ports: TeamPorts) =>
  async (teamId: TeamId, personId: PersonId, grant: Grant): Promise<Result<Team>> => {
    // First the person's list: it may name a team that has no such member, but never miss one.
    if (!(await nameTeam(ports, personId, teamId)))
      return fail('not_found', 'There is no such person', 'List members with: anchor people list');
    return changeTeam(ports, teamId, undefined, (team) => {
      const before = memberOf(team, personId);
      if (before === undefined && team.members.length >= MAX_MEMBERS)
        return fail('conflict', `A team has at most ${MAX_MEMBERS} members`, 'Remove one, or create another team.');
      const role = larger(before?.role, grant.role);
      const member: Member = {
        personId,
        ...(role === undefined ? {} : { role }),
        projects: { ...grant.projects, ...before?.projects },
        since: before?.since ?? ports.clock.now(),
      };
      return ok([...team.members.filter((each) => each.personId !== personId), member]);
    });
  };

/** Replaces the roles of a member. `own`: the role of the caller, which cannot give or take a larger one. */
export const changeMember =
  (ports: TeamPorts) =>
  async (
    teamId: TeamId,
    personId: PersonId,
    grant: Grant,
    own: Role,
    expectedVersion?: number,
  ): Promise<Result<Team>> =>
    changeTeam(ports, teamId, expectedVersion, (team) => {
      const before = memberOf(team, personId);
      if (before === undefined) return noMember();
      const allowed = [mayGrant(own, before), mayGrant(own, grant)].find((each) => !each.ok);
      if (allowed?.ok === false) return allowed;
      if (grant.role === undefined && Object.keys(grant.projects).length === 0)
        return fail('invalid_input', 'A member needs a role', 'Name one, or remove the member: anchor people remove');
      const member: Member = { personId, ...grant, since: before.since };
      return ok(team.members.map((each) => (each.personId === personId ? member : each)));
    });

/** Removes a member. A member may leave whatever its role: then `own` is undefined. */
export const removeMember =
  (ports: TeamPorts) =>
  async (teamId: TeamId, personId: PersonId, own: Role | undefined): Promise<Result<Team>> =>
    changeTeam(ports, teamId, undefined, (team) => {
      const before = memberOf(team, personId);
      if (before === undefined) return noMember();
      const allowed = own === undefined ? ok(undefined) : mayGrant(own, before);
      return allowed.ok ? ok(team.members.filter((each) => each.personId !== personId)) : allowed;
    });

/** Changes the members under the condition that the team keeps an owner. */
async function changeTeam(
  { teams }: Pick<Ports, 'teams'>,
  id: TeamId,
  expectedVersion: number | undefined,
  change: (team: Team) => Result<readonly Member[]>,
): Promise<Result<Team>> {
  for (;;) {
    const team = await teams.get(id);
    if (team === undefined) return noTeam();
    if (expectedVersion !== undefined && team.version !== expectedVersion)
      return fail(
        'conflict',
        'The team has changed since you read it',
        'Read it again and repeat the change.',
        `version ${team.version}, you expected ${expectedVersion}`,
      );
    const members = change(team);
    if (!members.ok) return members;
    const next: Team = { ...team, members: members.value, version: team.version + 1 };
    if (ownersOf(team).length > 0 && ownersOf(next).length === 0)
      return fail(
        'conflict',
        'The last owner cannot leave, be removed or get a smaller role',
        'Make another member owner first: anchor people role EMAIL owner',
      );
    if (await teams.replace(next)) return ok(next);
  }
}

async function nameTeam({ people }: Pick<Ports, 'people'>, personId: PersonId, teamId: TeamId): Promise<boolean> {
  for (;;) {
    const person = await people.get(personId);
    if (person === undefined) return false;
    if (person.teams.includes(teamId)) return true;
    if (await people.replace({ ...person, teams: [...person.teams, teamId], version: person.version + 1 })) return true;
  }
}
