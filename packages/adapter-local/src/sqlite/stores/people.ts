import type { Invitation } from '@anchor/core/people/invitation.ts';
import type { Person } from '@anchor/core/people/person.ts';
import type { Team } from '@anchor/core/people/team.ts';
import type { InvitationStore, PersonStore, SessionStore, TeamStore } from '@anchor/core/ports/people-stores.ts';
import type { Session } from '@anchor/core/sessions/session.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

export function personStore(db: Database): PersonStore {
  const { get, insert, replace, remove, find, page } = documents<Person>(db, {
    table: 'people',
    columns: { created_at: (person) => person.createdAt, email: (person) => person.email },
  });
  return {
    get,
    insert,
    replace,
    remove,
    byEmail: async (email) => find({ email }),
    list: async (request) => page({}, request),
  };
}

export function teamStore(db: Database): TeamStore {
  const { get, insert, replace, remove, find, page } = documents<Team>(db, {
    table: 'teams',
    columns: { created_at: (team) => team.createdAt, name: (team) => team.name },
  });
  return {
    get,
    insert,
    replace,
    remove,
    byName: async (name) => find({ name }),
    list: async (request) => page({}, request),
  };
}

export function invitationStore(db: Database): InvitationStore {
  const { get, insert, replace, remove, find, page } = documents<Invitation>(db, {
    table: 'invitations',
    columns: {
      created_at: (invitation) => invitation.createdAt,
      hash: (invitation) => invitation.hash,
      team_id: (invitation) => invitation.teamId,
      expires_at: (invitation) => invitation.expiresAt,
    },
  });
  return {
    get,
    insert,
    replace,
    remove,
    byHash: async (hash) => find({ hash }),
    list: async (teamId, request) => page({ team_id: teamId }, request),
    expire: (before) => db.write(() => void db.run('DELETE FROM invitations WHERE expires_at < ?', before)),
  };
}

export function sessionStore(db: Database): SessionStore {
  const { get, insert, replace, remove, find, all } = documents<Session>(db, {
    table: 'sessions',
    columns: {
      created_at: (session) => session.createdAt,
      hash: (session) => session.hash,
      person_id: (session) => session.personId,
      expires_at: (session) => session.expiresAt,
    },
  });
  return {
    get,
    insert,
    replace,
    remove,
    byHash: async (hash) => find({ hash }),
    ofPerson: async (personId) => all({ person_id: personId }, 'created_at DESC, seq DESC'),
    expire: (before) => db.write(() => void db.run('DELETE FROM sessions WHERE expires_at < ?', before)),
  };
}
