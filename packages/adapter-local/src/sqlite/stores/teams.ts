import type { Team } from '@anchor/core/people/team.ts';
import type { TeamStore } from '@anchor/core/ports/people-stores.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

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
