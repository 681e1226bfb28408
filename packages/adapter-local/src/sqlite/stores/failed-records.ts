import type { FailedRecordStore } from '@anchor/core/ports/failed-records.ts';
import type { FailedRecord } from '@anchor/core/records/failed-record.ts';
import { damagedRowsListed } from '../damaged-rows.ts';
import type { Database, Row } from '../database.ts';

const FAIL = `INSERT INTO failed_records (kind, id, project, tries, why, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
  ON CONFLICT (kind, id) DO UPDATE SET project = COALESCE(excluded.project, project), tries = tries + excluded.tries, why = excluded.why`;
const ONE = 'SELECT * FROM failed_records WHERE kind = ? AND id = ?';
const PAGE = 'SELECT * FROM failed_records WHERE (kind, id) > (?, ?) ORDER BY kind, id LIMIT ?';

export function failedRecordStore(db: Database): FailedRecordStore {
  return {
    fail: ({ kind, id, project, why, tries = 1, now }) =>
      db.write(() => {
        db.run(FAIL, kind, id, project ?? null, tries, why, now);
        return recordOf(db.get(ONE, kind, id) ?? { kind, id, tries, why, since: now, project: project ?? null });
      }),
    get: async (kind, id) => {
      const row = db.get(ONE, kind, id);
      return row === undefined ? undefined : recordOf(row);
    },
    // Read first: nearly always there is none, and a look costs no commit.
    clear: async (kind, id) =>
      db.get(ONE, kind, id) !== undefined &&
      (await db.write(() => db.run('DELETE FROM failed_records WHERE kind = ? AND id = ?', kind, id) === 1)),
    list: async ({ limit, cursor }) => {
      await damagedRowsListed(db);
      const from = cursor === undefined ? ['', ''] : cursor.split('/');
      const [kind, ...id] = from;
      if (kind === undefined || id.length === 0) return { items: [] };
      const rows = db.all(PAGE, kind, id.join('/'), limit + 1);
      const items = rows.slice(0, limit).map(recordOf);
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, cursor: `${last.kind}/${last.id}` } : { items };
    },
  };
}

const recordOf = (row: Row): FailedRecord => ({
  kind: String(row['kind']),
  id: String(row['id']),
  ...(typeof row['project'] === 'string' ? { project: row['project'] } : {}),
  tries: Number(row['tries']),
  why: String(row['why']),
  since: Number(row['since']),
});
