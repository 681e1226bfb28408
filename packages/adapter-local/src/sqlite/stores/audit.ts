import type { AuditEntry } from '@anchor/core/audit/audit-entry.ts';
import type { AuditStore } from '@anchor/core/ports/audit-store.ts';
import type { Database } from '../database.ts';
import { itemOf } from '../damaged-rows.ts';
import { documents } from '../documents.ts';

const STARTED = 'SELECT id, project_id, doc FROM audit WHERE id = ? AND complete = 0';
const COMPLETE = 'UPDATE audit SET doc = ?, actor_id = ?, complete = 1 WHERE id = ? AND complete = 0';
const EXPIRE = 'DELETE FROM audit WHERE created_at < ?';

type Item = AuditEntry & Readonly<{ version: 1 }>;

function withoutVersion(item: Item): AuditEntry {
  const { version: _, ...entry } = item;
  return entry;
}

const actorId = ({ actor }: AuditEntry): string | null => ('id' in actor ? actor.id : null);

export function auditStore(db: Database): AuditStore {
  const table = documents<Item>(db, {
    table: 'audit',
    columns: {
      created_at: (entry) => entry.at,
      project_id: (entry) => entry.projectId ?? null,
      team_id: (entry) => entry.teamId ?? null,
      actor_id: actorId,
      action: (entry) => entry.action,
      complete: (entry) => (entry.outcome === 'started' ? 0 : 1),
    },
  });
  return {
    begin: async (entry) => {
      if (!(await table.insert({ ...entry, version: 1 }))) throw new Error(`the audit log has an entry ${entry.id}`);
    },
    complete: (id, result) =>
      db.write(() => {
        const row = db.get(STARTED, id);
        const entry = row === undefined ? undefined : itemOf<Item>(db, 'audit', row);
        if (entry === undefined) return false;
        const complete: Item = { ...entry, ...result };
        return db.run(COMPLETE, JSON.stringify(complete), actorId(complete), id) === 1;
      }),
    list: async ({ projectId, teamId, actorId, action }, request) => {
      const page = table.page({ project_id: projectId, team_id: teamId, actor_id: actorId, action }, request);
      return { ...page, items: page.items.map(withoutVersion) };
    },
    expire: (before) => db.write(() => void db.run(EXPIRE, before)),
  };
}
