import type {
  CertificateRecord,
  CertificateRecordKind,
  CertificateStore,
} from '@anchor/core/ports/certificate-store.ts';
import type { Database, Row } from '../database.ts';

const INSERT = 'INSERT INTO certificate_records (doc, version, kind, id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING';
const UPDATE = 'UPDATE certificate_records SET doc = ?, version = ? WHERE kind = ? AND id = ? AND version = ?';

export function certificateStore(db: Database): CertificateStore {
  return {
    get: async (kind, id) => {
      const row = db.get('SELECT id, version, doc FROM certificate_records WHERE kind = ? AND id = ?', kind, id);
      return row === undefined ? undefined : recordOf(kind, row);
    },
    list: async (kind) =>
      db.all('SELECT id, version, doc FROM certificate_records WHERE kind = ?', kind).map((row) => recordOf(kind, row)),
    put: ({ kind, id, version, doc }) =>
      db.write(() => {
        const changed =
          version === 1 ? db.run(INSERT, doc, version, kind, id) : db.run(UPDATE, doc, version, kind, id, version - 1);
        return changed === 1;
      }),
    remove: (kind, id) =>
      db.write(() => void db.run('DELETE FROM certificate_records WHERE kind = ? AND id = ?', kind, id)),
  };
}

const recordOf = (kind: CertificateRecordKind, row: Row): CertificateRecord => ({
  kind,
  id: String(row['id']),
  version: Number(row['version']),
  doc: String(row['doc']),
});
