import type { Person } from '@anchor/core/people/person.ts';
import type { PersonStore } from '@anchor/core/ports/people-stores.ts';
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
