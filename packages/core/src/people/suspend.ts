import type { PersonId } from '../names/id.ts';
import type { Ports } from '../ports/ports.ts';
import { fail, ok, type Result } from '../result/result.ts';
import { endSessions } from '../sessions/sessions.ts';
import type { Person } from './person.ts';
import { ownersOf } from './team.ts';

/** Suspends a person, or ends that. Every session ends at once, and there is no sign-in until then. */
export const suspendPerson =
  (ports: Pick<Ports, 'people' | 'teams' | 'sessions' | 'clock'>) =>
  async (id: PersonId, suspended: boolean): Promise<Result<Person>> => {
    for (;;) {
      const person = await ports.people.get(id);
      if (person === undefined)
        return fail('not_found', 'There is no such person', 'List them with: anchor people list');
      if (suspended && (await isLastOwner(ports, person)))
        return fail(
          'conflict',
          'The last owner of a team cannot be suspended',
          'Make another member owner first: anchor people role EMAIL owner',
        );
      const { suspendedAt: _, ...rest } = person;
      const next: Person = {
        ...rest,
        ...(suspended ? { suspendedAt: person.suspendedAt ?? ports.clock.now() } : {}),
        version: person.version + 1,
      };
      if (!(await ports.people.replace(next))) continue;
      if (suspended) await endSessions(ports)(id);
      return ok(next);
    }
  };

/** Returns whether a team has no other owner that can sign in. */
async function isLastOwner({ teams, people }: Pick<Ports, 'teams' | 'people'>, person: Person): Promise<boolean> {
  for (const teamId of person.teams) {
    const team = await teams.get(teamId);
    const owners = team === undefined ? [] : ownersOf(team).map(({ personId }) => personId);
    if (!owners.includes(person.id)) continue;
    const others = await Promise.all(owners.filter((id) => id !== person.id).map((id) => people.get(id)));
    if (!others.some((other) => other !== undefined && other.suspendedAt === undefined)) return true;
  }
  return false;
}
