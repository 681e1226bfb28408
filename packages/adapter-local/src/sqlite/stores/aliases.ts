import type { Alias } from '@anchor/core/aliases/alias.ts';
import type { AliasStore } from '@anchor/core/ports/stores.ts';
import type { Database, Row } from '../database.ts';
import { itemOf, itemsOf } from '../damaged-rows.ts';

/** Every write, removals too, takes the next `seq`: an edge reads only what it has not seen (see route-table.ts). */
const NEXT_SEQ = '(SELECT COALESCE(MAX(seq), 0) + 1 FROM aliases)';

/** A removed alias stays as a tombstone; only a first revision may take its place. */
const CREATE = `INSERT INTO aliases (host, revision, project_id, deployment_id, history, doc, removed, seq)
  VALUES (?, 1, ?, ?, ?, ?, 0, ${NEXT_SEQ})
  ON CONFLICT (host) DO UPDATE SET revision = 1, project_id = excluded.project_id, deployment_id = excluded.deployment_id,
    history = excluded.history, doc = excluded.doc, removed = 0, seq = ${NEXT_SEQ}
  WHERE aliases.removed = 1`;
const MOVE = `UPDATE aliases SET project_id = ?, deployment_id = ?, history = ?, doc = ?, revision = revision + 1, seq = ${NEXT_SEQ}
  WHERE host = ? AND revision = ? AND removed = 0`;
const REMOVE = `UPDATE aliases SET removed = 1, history = '[]', doc = json_object('removedAt', ?), seq = ${NEXT_SEQ} WHERE host = ? AND removed = 0`;

/** Not the newest row of all: the next `seq` is counted from it, and one that was used before would be passed over. */
const EXPIRE = `DELETE FROM aliases WHERE removed = 1 AND (doc = '' OR json_extract(doc, '$.removedAt') < ?) AND seq < (SELECT MAX(seq) FROM aliases)`;

export function aliasStore(db: Database): AliasStore {
  return {
    get: async (host) => {
      const row: Row | undefined = db.get(
        'SELECT host, project_id, doc FROM aliases WHERE host = ? AND removed = 0',
        host,
      );
      return row === undefined ? undefined : itemOf<Alias>(db, 'aliases', row);
    },
    compareAndSet: (alias) =>
      db.write(() => {
        const content = [
          alias.projectId,
          alias.deploymentId,
          JSON.stringify(alias.history),
          JSON.stringify(alias),
        ] as const;
        const changed =
          alias.revision === 1
            ? db.run(CREATE, alias.host, ...content)
            : db.run(MOVE, ...content, alias.host, alias.revision - 1);
        return changed === 1;
      }),
    remove: (host) => db.write(() => void db.run(REMOVE, Date.now(), host)),
    expireRemoved: (before) => db.write(() => void db.run(EXPIRE, before)),
    listByProject: async (projectId) =>
      itemsOf<Alias>(
        db,
        'aliases',
        db.all(
          'SELECT host, project_id, doc FROM aliases WHERE project_id = ? AND removed = 0 ORDER BY host',
          projectId,
        ),
      ),
    page: async (projectId, { limit, cursor }) => {
      const rows = db.all(
        'SELECT host, project_id, doc FROM aliases WHERE project_id = ? AND removed = 0 AND host > ? ORDER BY host LIMIT ?',
        projectId,
        cursor ?? '',
        limit + 1,
      );
      const items = itemsOf<Alias>(db, 'aliases', rows.slice(0, limit));
      return rows.length > limit ? { items, cursor: String(rows[limit - 1]?.['host']) } : { items };
    },
  };
}

/** Returns another number after each write of an alias, also by another process. */
export const aliasGeneration = (db: Database): number =>
  Number(db.get('SELECT COALESCE(MAX(seq), 0) AS seq FROM aliases')?.['seq']);
