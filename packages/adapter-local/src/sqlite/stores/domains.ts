import type { Domain } from '@anchor/core/domains/domain.ts';
import type { DomainName } from '@anchor/core/names/name.ts';
import type { DomainStore } from '@anchor/core/ports/domain-store.ts';
import { itemsOf } from '../damaged-rows.ts';
import type { Database } from '../database.ts';
import { documents } from '../documents.ts';

const DUE = `
  SELECT domains.id, domains.project_id, domains.doc FROM domains JOIN (
    SELECT id, ROW_NUMBER() OVER (PARTITION BY project_id ORDER BY next_check_at) AS turn FROM domains
    WHERE next_check_at <= ? AND removed = 0) AS waiting ON waiting.id = domains.id
  ORDER BY turn, next_check_at LIMIT ?`;
/** Reads columns alone: a damaged row still holds its name. */
const CLAIM = `
  SELECT 1 FROM domains
  WHERE (reversed = ?1 OR (reversed >= ?1 || '.' AND reversed < ?1 || '/')) AND project_id <> ?2
    AND (holder = 1 OR removed_at > ?3) LIMIT 1`;
const EXPIRE = 'DELETE FROM domains WHERE removed = 1 AND removed_at < ?';

export function domainStore(db: Database): DomainStore {
  const table = documents<Domain>(db, {
    table: 'domains',
    columns: {
      created_at: (domain) => domain.createdAt,
      project_id: (domain) => domain.projectId,
      name: (domain) => domain.name,
      reversed: (domain) => reversed(domain.name),
      holder: (domain) => (domain.holder ? 1 : 0),
      removed: (domain) => (domain.state === 'removed' ? 1 : 0),
      // The order of due checks: a user waits for the first one.
      next_check_at: ({ nextCheckAt, observed }) =>
        nextCheckAt === undefined ? null : observed === undefined ? 0 : nextCheckAt,
      removed_at: (domain) => domain.removedAt ?? null,
    },
  });
  return {
    get: table.get,
    insert: table.insert,
    replace: table.replace,
    remove: table.remove,
    byName: async (name) => table.all({ name }, 'seq'),
    admit: (domain, within, heldSince) =>
      db.write(() => {
        if (db.get(CLAIM, reversed(within), domain.projectId, heldSince) !== undefined) return 'claimed';
        return (domain.version === 1 ? table.insertInTx(domain) : table.replaceInTx(domain)) ? 'stored' : 'refused';
      }),
    list: async (projectId, page) => table.page({ project_id: projectId, removed: 0 }, page),
    due: async (now, limit) => itemsOf<Domain>(db, 'domains', db.all(DUE, now, limit)),
    holders: async () => table.all({ holder: 1 }, 'seq'),
    expireRemoved: (before) => db.write(() => void db.run(EXPIRE, before)),
  };
}

/** Names below a parent start with it when read backwards, and are next to each other in an index. */
const reversed = (name: DomainName): string => [...name].toReversed().join('');
