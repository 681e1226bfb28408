import type { Invitation } from '@anchor/core/people/invitation.ts';
import type { Person } from '@anchor/core/people/person.ts';
import type { Team } from '@anchor/core/people/team.ts';
import type { InvitationStore, PersonStore, SessionStore, TeamStore } from '@anchor/core/ports/people-stores.ts';
import type { Session } from '@anchor/core/sessions/session.ts';
import { collection } from './collection.ts';

const createdAt = (item: Readonly<{ createdAt: number }>): number => item.createdAt;
const every = (): boolean => true;

export function personStore(): PersonStore {
  const items = collection<Person>(({ email }) => email);
  return {
    ...items,
    byEmail: async (email) => items.where((person) => person.email === email)[0],
    list: async (page) => items.page(every, createdAt, page),
  };
}

export function teamStore(): TeamStore {
  const items = collection<Team>(({ name }) => name);
  return {
    ...items,
    byName: async (name) => items.where((team) => team.name === name)[0],
    list: async (page) => items.page(every, createdAt, page),
  };
}

export function invitationStore(): InvitationStore {
  const items = collection<Invitation>(({ hash }) => hash);
  return {
    ...items,
    byHash: async (hash) => items.where((invitation) => invitation.hash === hash)[0],
    list: async (teamId, page) => items.page((invitation) => invitation.teamId === teamId, createdAt, page),
    expire: async (before) => {
      for (const { id } of items.where(({ expiresAt }) => expiresAt < before)) await items.remove(id);
    },
  };
}

export function sessionStore(): SessionStore {
  const items = collection<Session>(({ hash }) => hash);
  return {
    ...items,
    byHash: async (hash) => items.where((session) => session.hash === hash)[0],
    ofPerson: async (personId) => items.where((session) => session.personId === personId).toReversed(),
    expire: async (before) => {
      for (const { id } of items.where(({ expiresAt }) => expiresAt < before)) await items.remove(id);
    },
  };
}
