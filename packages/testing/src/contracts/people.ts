import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Invitation } from '@anchor/core/people/invitation.ts';
import type { Person } from '@anchor/core/people/person.ts';
import type { Team } from '@anchor/core/people/team.ts';
import type { InvitationStore, PersonStore, SessionStore, TeamStore } from '@anchor/core/ports/people-stores.ts';
import type { Session } from '@anchor/core/sessions/session.ts';
import { using, type Make } from '../harness.ts';
import { sampleInvitation, samplePerson, sampleSession, sampleTeam } from '../samples.ts';
import { lists } from './paging.ts';
import { storeContract } from './store.ts';

export function personStoreContract(name: string, make: Make<PersonStore>): void {
  storeContract<Person, PersonStore>(name, make, {
    sample: samplePerson,
    change: (person) => ({ ...person, name: 'Other' }),
    withSameKey: ({ email }) => samplePerson({ email }),
  });

  test(
    `${name}: a person is found by the address, and people are listed newest first`,
    using(make, async ({ subject }) => {
      const people = [samplePerson(), samplePerson(), samplePerson()] as const;
      for (const person of people) await subject.insert(person);
      assert.deepEqual(await subject.byEmail(people[1].email), people[1]);
      assert.equal(await subject.byEmail(samplePerson().email), undefined);
      await lists((page) => subject.list(page), people.toReversed());
    }),
  );
}

export function teamStoreContract(name: string, make: Make<TeamStore>): void {
  storeContract<Team, TeamStore>(name, make, {
    sample: sampleTeam,
    change: (team) => ({ ...team, members: [{ personId: 'per_1', role: 'owner', projects: {}, since: 1 }] }),
    withSameKey: (team) => sampleTeam({ name: team.name }),
  });

  test(
    `${name}: a team is found by its name, and teams are listed newest first`,
    using(make, async ({ subject }) => {
      const teams = [sampleTeam(), sampleTeam(), sampleTeam()] as const;
      for (const team of teams) await subject.insert(team);
      assert.deepEqual(await subject.byName(teams[1].name), teams[1]);
      assert.equal(await subject.byName('none'), undefined);
      await lists((page) => subject.list(page), teams.toReversed());
    }),
  );
}

export function invitationStoreContract(name: string, make: Make<InvitationStore>): void {
  storeContract<Invitation, InvitationStore>(name, make, {
    sample: sampleInvitation,
    change: (invitation) => ({ ...invitation, usedAt: 1 }),
    withSameKey: ({ hash }) => sampleInvitation({ hash }),
  });

  test(
    `${name}: an invitation is found by its hash until it expires, and listed by team`,
    using(make, async ({ subject }) => {
      const [a, other] = [sampleInvitation(), sampleInvitation()];
      const b = sampleInvitation({ teamId: a.teamId });
      for (const invitation of [a, other, b]) await subject.insert(invitation);
      await lists((page) => subject.list(a.teamId, page), [b, a]);
      await subject.expire(b.expiresAt);
      assert.equal(await subject.byHash(a.hash), undefined);
      assert.deepEqual(await subject.byHash(b.hash), b);
    }),
  );
}

export function sessionStoreContract(name: string, make: Make<SessionStore>): void {
  storeContract<Session, SessionStore>(name, make, {
    sample: sampleSession,
    change: (session) => ({ ...session, lastUsedAt: session.lastUsedAt + 1 }),
    withSameKey: ({ hash }) => sampleSession({ hash }),
  });

  test(
    `${name}: a session is found by its hash until it is removed or expires, and listed by person`,
    using(make, async ({ subject }) => {
      const [a, other] = [sampleSession(), sampleSession()];
      const b = sampleSession({ personId: a.personId });
      for (const session of [a, other, b]) await subject.insert(session);
      assert.deepEqual(await subject.ofPerson(a.personId), [b, a]);
      await subject.remove(a.id);
      assert.equal(await subject.byHash(a.hash), undefined);
      await subject.expire(b.expiresAt);
      assert.equal(await subject.byHash(other.hash), undefined);
      assert.deepEqual(await subject.byHash(b.hash), b);
    }),
  );
}
