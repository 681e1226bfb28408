import type { PersonId, TeamId } from '../names/id.ts';
import type { Grant } from './grant.ts';

/** One person in a team: a role for all its projects, and roles for single ones, which win there. */
export type Member = Grant & Readonly<{ personId: PersonId; since: number }>;

/**
 * A team with its members, as one item: so the rule that a team keeps an owner is one conditional write,
 * also while other requests change members. Every project belongs to one team.
 */
export type Team = Readonly<{
  id: TeamId;
  name: string;
  members: readonly Member[];
  createdAt: number;
  version: number;
}>;

/** The team that exists from the start. Its owners administer the platform. */
export const DEFAULT_TEAM: TeamId = 'tem_00000000000000000000';

/** Members that one team may have: it is one item. */
export const MAX_MEMBERS = 500;

/** Returns the team of a project. Projects that are older than teams belong to the default one. */
export const teamOf = (project: Readonly<{ teamId?: TeamId }>): TeamId => project.teamId ?? DEFAULT_TEAM;

export const memberOf = (team: Team, personId: PersonId): Member | undefined =>
  team.members.find((member) => member.personId === personId);

export const ownersOf = (team: Team): readonly Member[] => team.members.filter(({ role }) => role === 'owner');
