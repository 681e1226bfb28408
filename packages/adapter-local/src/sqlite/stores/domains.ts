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
const OTHERS_WITHIN = `
  SELECT id, project_id, doc FROM domains
  WHERE (reversed = ?1 OR (reversed >= ?1 || '.' AND reversed < ?1 || '/')) AND project_id <> ?2 ORDER BY seq`;
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
      next_check_at: (domain) => domain.nextCheckAt ?? null,
      removed_at: (domain) => domain.removedAt ?? null,
    },
  });
  return {
    get: table.get,
    insert: table.insert,
    replace: table.replace,
    remove: table.remove,
    byName: async (name) => table.all({ name }, 'seq'),
    othersWithin: async (parent, projectId) =>
      itemsOf<Domain>(db, 'domains', db.all(OTHERS_WITHIN, reversed(parent), projectId)),
    list: async (projectId, page) => table.page({ project_id: projectId, removed: 0 }, page),
    due: async (now, limit) => itemsOf<Domain>(db, 'domains', db.all(DUE, now, limit)),
    holders: async () => table.all({ holder: 1 }, 'seq'),
    expireRemoved: (before) => db.write(() => void db.run(EXPIRE, before)),
  };
}

/** Names below a parent start with it when read backwards, and are next to each other in an index. */
const reversed = (name: DomainName): string => [...name].toReversed().join('');
