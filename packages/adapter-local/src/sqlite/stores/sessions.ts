import type { Session } from '@anchor/core/sessions/session.ts';
import type { SessionStore } from '@anchor/core/ports/people-stores.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

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
