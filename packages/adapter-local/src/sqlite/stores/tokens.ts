import type { TokenStore } from '@anchor/core/ports/stores.ts';
import type { Token } from '@anchor/core/tokens/token.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

export function tokenStore(db: Database): TokenStore {
  const table = documents<Token>(db, {
    table: 'tokens',
    columns: {
      created_at: (token) => token.createdAt,
      hash: (token) => token.hash,
      team_id: (token) => token.teamId ?? null,
    },
  });
  return {
    get: table.get,
    insert: table.insert,
    replace: table.replace,
    remove: table.remove,
    byHash: async (hash) => table.find({ hash }),
    list: async (page, teamId) => table.page({ team_id: teamId }, page),
  };
}
